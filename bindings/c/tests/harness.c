/* What the tests share. */
#include "harness.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *file, int line) {
    fprintf(stderr, "  at %s:%d\n", file, line);
    fflush(stderr);
    _exit(1);
}

void check_true(bool condition, const char *what, const char *file, int line) {
    if (!condition) {
        fprintf(stderr, "not so: %s\n", what);
        fail(file, line);
    }
}

void check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line) {
    if (actual != expected) {
        fprintf(stderr, "%s is %lld, not %lld\n", what, (long long)actual, (long long)expected);
        fail(file, line);
    }
}

void check_text(const char *actual, const char *expected, const char *what, const char *file, int line) {
    bool is_equal = actual == NULL || expected == NULL ? actual == expected : strcmp(actual, expected) == 0;
    if (!is_equal) {
        fprintf(stderr, "%s is %s, not %s\n", what, actual ? actual : "NULL", expected ? expected : "NULL");
        fail(file, line);
    }
}

void check_has(const char *actual, const char *part, const char *what, const char *file, int line) {
    if (actual == NULL || strstr(actual, part) == NULL) {
        fprintf(stderr, "%s is %s, without %s\n", what, actual ? actual : "NULL", part);
        fail(file, line);
    }
}

void check_code(
    scimdb_code actual, scimdb_code expected, scimdb_error **err, const char *what, const char *file, int line) {
    if (actual != expected) {
        const scimdb_error *error = err ? *err : NULL;
        fprintf(
            stderr, "%s gave %d, not %d: %s\n", what, (int)actual, (int)expected,
            error ? scimdb_error_detail(error) : "(no error was looked at)");
        fail(file, line);
    }
    if (err == NULL) {
        return;
    }
    bool is_failure = expected != SCIMDB_OK && expected != SCIMDB_DONE;
    if (is_failure && (*err == NULL || scimdb_error_code(*err) != expected)) {
        fprintf(
            stderr, "%s gave an error object of the code %d, not %d\n", what, (int)scimdb_error_code(*err),
            (int)expected);
        fail(file, line);
    }
    if (!is_failure && *err != NULL) {
        fprintf(stderr, "%s succeeded, and gave an error\n", what);
        fail(file, line);
    }
    scimdb_error_free(*err);
    *err = NULL;
}

scimdb_store *open_memory(void) {
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(S(":memory:"), NONE, &db, &err));
    CHECK(db != NULL);
    return db;
}

char *folder_new(void) {
    const char *base = getenv("TMPDIR");
    char *folder = malloc(4096);
    CHECK(folder != NULL);
    snprintf(folder, 4096, "%s/scimdb-check-XXXXXX", base ? base : P_tmpdir);
    CHECK(mkdtemp(folder) != NULL);
    return folder;
}

static void remove_all(const char *path) {
    DIR *entries = opendir(path);
    if (entries == NULL) {
        unlink(path);
        return;
    }
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char inner[4096];
            int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
            CHECK(n > 0 && (size_t)n < sizeof inner);
            remove_all(inner);
        }
    }
    closedir(entries);
    rmdir(path);
}

void folder_remove(char *folder) {
    remove_all(folder);
    free(folder);
}

json_t *json_of(const scimdb_buf *buf) {
    json_error_t error;
    json_t *json = json_loadb(buf->data, buf->len, JSON_DECODE_ANY, &error);
    if (json == NULL) {
        fprintf(stderr, "no JSON: %s: %s\n", error.text, buf->data);
    }
    CHECK(json != NULL);
    CHECK(buf->data[buf->len] == '\0');
    return json;
}

char *at(const char *json, const char *path) {
    json_t *root = json_loads(json, JSON_DECODE_ANY, NULL);
    CHECK(root != NULL);
    const json_t *here = root;
    char name[256];
    while (here != NULL && *path != '\0') {
        size_t n = strcspn(path, "/");
        CHECK(n < sizeof name);
        memcpy(name, path, n);
        name[n] = '\0';
        path += path[n] == '/' ? n + 1 : n;
        here = json_is_array(here) ? json_array_get(here, (size_t)atoi(name)) : json_object_get(here, name);
    }
    char *found = NULL;
    if (json_is_string(here)) {
        found = malloc(json_string_length(here) + 1);
        CHECK(found != NULL);
        memcpy(found, json_string_value(here), json_string_length(here) + 1);
    } else if (here != NULL) {
        found = json_dumps(here, JSON_ENCODE_ANY | JSON_COMPACT);
    }
    json_decref(root);
    return found;
}

void check_at(const char *json, const char *path, const char *expected, const char *file, int line) {
    char *found = at(json, path);
    bool is_equal = found == NULL || expected == NULL ? found == expected : strcmp(found, expected) == 0;
    if (!is_equal) {
        fprintf(
            stderr, "%s is %s, not %s, in %s\n", path, found ? found : "not there", expected ? expected : "not there",
            json);
        fail(file, line);
    }
    free(found);
}

void make_user(scimdb_store *db, const char *user_name, char id[64]) {
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    char json[512];
    snprintf(json, sizeof json, "{" AS_USER "\"userName\":\"%s\"}", user_name);
    OK(scimdb_create(db, TENANT, USER, S(json), NONE, &out, &err));
    char *found = at(out.data, "id");
    CHECK(found != NULL && strlen(found) < 64);
    snprintf(id, 64, "%s", found);
    free(found);
    scimdb_buf_free(&out);
}

int64_t count_users(scimdb_store *db) {
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_search(db, TENANT, USER, L("{\"count\":0}"), &out, &err));
    char *total = at(out.data, "totalResults");
    CHECK(total != NULL);
    int64_t count = atoll(total);
    free(total);
    scimdb_buf_free(&out);
    return count;
}

void count_drop(void *counter) {
    raise_flag(counter);
}

void sleep_ms(int ms) {
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

int read_flag(const int *flag) {
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

void raise_flag(int *flag) {
    __atomic_add_fetch(flag, 1, __ATOMIC_SEQ_CST);
}

void wait_for(const int *flag, int least, const char *what) {
    for (int waited = 0; read_flag(flag) < least; waited += 5) {
        if (waited > 20000) {
            fprintf(stderr, "waited in vain for %s\n", what);
            fail(__FILE__, __LINE__);
        }
        sleep_ms(5);
    }
}

bool is_slow(void) {
    return getenv("SCIMDB_CHECK_SLOW") != NULL;
}
