/* What a get and a search cost through the C ABI: `bench USERS.ndjson`.
   Opens a store in memory, imports the file, and prints one line of JSON: the medians, over batches of 500 calls, of
   nanoseconds per call. */
#include <jansson.h>
#include <scimdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 500, GETS = 100000, SEARCHES = 20000, WARM_UP = 2000 };

struct user {
    char *id, *request;
};

static void must(scimdb_code code, scimdb_error *err) {
    if (code != SCIMDB_OK) {
        fprintf(stderr, "%s\n", err ? scimdb_error_detail(err) : "a call failed");
        exit(1);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Imports every line, and keeps its id and a search for its user. */
static struct user *import(scimdb_store *db, const char *path, size_t *count) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    scimdb_error *err = NULL;
    scimdb_import *import = NULL;
    scimdb_buf report = SCIMDB_BUF_INIT;
    must(scimdb_import_open(db, NULL, 0, "{\"resourceType\":\"User\"}", SCIMDB_NTS, &import, &err), err);
    struct user *users = NULL;
    char *line = NULL;
    size_t room = 0, have = 0, places = 0;
    ssize_t n;
    while ((n = getline(&line, &room, file)) > 0) {
        must(scimdb_import_feed(import, line, (size_t)n, &err), err);
        json_t *row = json_loadb(line, (size_t)n, 0, NULL);
        const char *id = json_string_value(json_object_get(row, "id"));
        const char *name = json_string_value(json_object_get(row, "userName"));
        if (id != NULL && name != NULL) {
            if (have == places) {
                places = places ? 2 * places : 1024;
                users = realloc(users, places * sizeof *users);
            }
            char filter[600];
            snprintf(filter, sizeof filter, "userName eq \"%s\"", name);
            json_t *request = json_pack("{s:s,s:i}", "filter", filter, "count", 1);
            users[have].id = strdup(id);
            users[have++].request = json_dumps(request, JSON_COMPACT);
            json_decref(request);
        }
        json_decref(row);
    }
    must(scimdb_import_finish(import, &report, &err), err);
    scimdb_buf_free(&report);
    free(line);
    fclose(file);
    if (have == 0) {
        fprintf(stderr, "%s has no users\n", path);
        exit(1);
    }
    *count = have;
    return users;
}

/* Calls so often, in batches; the median of nanoseconds per call. */
static double measure(const scimdb_store *db, const struct user *users, size_t count, int calls, int is_search) {
    static double batches[GETS / BATCH];
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    size_t at = 0;
    int batch = 0;
    for (int done = -WARM_UP; done < calls; done += BATCH) {
        double begun = now();
        for (int i = 0; i < BATCH; i++) {
            const struct user *user = &users[at];
            at = at + 1 == count ? 0 : at + 1;
            scimdb_code code = is_search
                                   ? scimdb_search(db, NULL, 0, "User", 4, user->request, SCIMDB_NTS, &out, &err)
                                   : scimdb_get(db, NULL, 0, "User", 4, user->id, SCIMDB_NTS, NULL, 0, &out, &err);
            must(code, err);
        }
        if (done >= 0) {
            batches[batch++] = (now() - begun) / BATCH;
        }
    }
    scimdb_buf_free(&out);
    qsort(batches, (size_t)batch, sizeof batches[0], compare);
    return batches[batch / 2];
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: bench USERS.ndjson\n");
        return 2;
    }
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    size_t count = 0;
    must(scimdb_open(":memory:", SCIMDB_NTS, NULL, 0, &db, &err), err);
    struct user *users = import(db, argv[1], &count);
    double get = measure(db, users, count, GETS, 0);
    double search = measure(db, users, count, SEARCHES, 1);
    printf("{\"language\":\"c\",\"get_ns\":%.0f,\"search_ns\":%.0f}\n", get, search);
    for (size_t i = 0; i < count; i++) {
        free(users[i].id);
        free(users[i].request);
    }
    free(users);
    return scimdb_close(db) == SCIMDB_OK ? 0 : 1;
}
