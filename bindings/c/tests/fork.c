/* After fork(): what the parent opened is refused in the child, which may have stores of its own. Nothing hangs. */
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends with the child: 20 seconds at most, and then it hangs. */
static void wait_for_child(pid_t child) {
    int status = 0;
    for (int waited = 0; waitpid(child, &status, WNOHANG) == 0; waited += 10) {
        if (waited > 20000 * (is_slow() ? 10 : 1)) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            CHECK(!"the child hung");
        }
        sleep_ms(10);
    }
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

static void a_child_does_not_use_its_parents_store(void) {
    char *folder = folder_new();
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_iter *iter = NULL;
    scimdb_import *import = NULL;
    char id[64];
    OK(scimdb_open(S(folder), NONE, &db, &err));
    make_user(db, "ann", id);
    OK(scimdb_iter_open(db, TENANT, USER, NONE, &iter, &err));
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    OK(scimdb_stats(db, &out, &err));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        const char *json = NULL;
        size_t json_n = 0;
        FAILS_WITH(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, S(id), NONE, &out, &err));
        CHECK_HAS(scimdb_error_detail(err), "fork");
        scimdb_error_free(err);
        err = NULL;
        FAILS(SCIMDB_MISUSE, scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"bob\"}"), NONE, &out, &err));
        FAILS(SCIMDB_MISUSE, scimdb_changes(db, TENANT, 0, 1, 600000, &out, &err));
        FAILS(SCIMDB_MISUSE, scimdb_iter_next(iter, &json, &json_n, &err));
        FAILS(SCIMDB_MISUSE, scimdb_import_feed(import, S("{}"), &err));
        CHECK_INT(scimdb_interrupt(db), SCIMDB_MISUSE);
        CHECK_INT(scimdb_close(db), SCIMDB_MISUSE);
        scimdb_iter_free(iter);
        scimdb_import_free(import);
        /* A buffer is memory, and memory is the child's own. */
        scimdb_buf_free(&out);
        _exit(0);
    }
    wait_for_child(child);
    CHECK_INT(count_users(db), 1);
    scimdb_import_free(import);
    scimdb_iter_free(iter);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static void a_child_opens_a_store_of_its_own(void) {
    char *folder = folder_new();
    char path[4200];
    snprintf(path, sizeof path, "%s/child", folder);
    scimdb_store *db = open_memory();
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        scimdb_store *own = NULL;
        scimdb_error *err = NULL;
        char id[64];
        OK(scimdb_open(S(path), NONE, &own, &err));
        make_user(own, "ann", id);
        CHECK_INT(count_users(own), 1);
        CHECK_INT(scimdb_interrupt(db), SCIMDB_MISUSE);
        CHECK_INT(scimdb_close(own), SCIMDB_OK);
        _exit(0);
    }
    wait_for_child(child);
    scimdb_store *opened = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(S(path), L("{\"create\":false}"), &opened, &err));
    CHECK_INT(count_users(opened), 1);
    CHECK_INT(scimdb_close(opened), SCIMDB_OK);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static void a_child_is_told_who_holds_the_store(void) {
    char *folder = folder_new();
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(S(folder), NONE, &db, &err));
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        scimdb_store *second = NULL;
        FAILS_WITH(SCIMDB_LOCKED, scimdb_open(S(folder), NONE, &second, &err));
        CHECK_HAS(scimdb_error_detail(err), pid);
        scimdb_error_free(err);
        _exit(0);
    }
    wait_for_child(child);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

/* Reads a byte that the other process writes. */
static void wait_for_other(int end) {
    char byte;
    CHECK_INT(read(end, &byte, 1), 1);
}

static void import_and_iterate(scimdb_store *db) {
    scimdb_import *import = NULL;
    scimdb_iter *iter = NULL;
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    OK(scimdb_import_feed(import, L("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],"), &err));
    OK(scimdb_import_feed(import, L("\"userName\":\"cid\"}\n"), &err));
    OK(scimdb_import_finish(import, &out, &err));
    CHECK_HAS(out.data, "\"created\":1");
    OK(scimdb_iter_open(db, TENANT, USER, NONE, &iter, &err));
    const char *json = NULL;
    size_t json_n = 0;
    int rows = 0;
    scimdb_code code;
    while ((code = scimdb_iter_next(iter, &json, &json_n, &err)) == SCIMDB_OK) {
        CHECK(strlen(json) == json_n);
        rows++;
    }
    CHECK_INT(code, SCIMDB_DONE);
    CHECK_INT(rows, 3);
    scimdb_iter_free(iter);
    scimdb_buf_free(&out);
}

static void processes_share_a_store(void) {
    char *folder = folder_new();
    int turn[2];
    char id[64];
    CHECK(pipe(turn) == 0);
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        wait_for_other(turn[0]);
        OK(scimdb_open(S(folder), L("{\"share\":true}"), &db, &err));
        CHECK_INT(count_users(db), 1);
        make_user(db, "bob", id);
        /* What takes several calls is kept by the process that holds the store. */
        import_and_iterate(db);
        /* A server is that one's alone. */
        scimdb_server *server = NULL;
        FAILS_WITH(SCIMDB_NOT_IMPLEMENTED, scimdb_serve_start(db, NONE, &server, &err));
        char holder[32];
        snprintf(holder, sizeof holder, "%ld", (long)getppid());
        CHECK_HAS(scimdb_error_detail(err), holder);
        scimdb_error_free(err);
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
        _exit(0);
    }
    OK(scimdb_open(S(folder), L("{\"share\":true}"), &db, &err));
    make_user(db, "ann", id);
    CHECK_INT(write(turn[1], "x", 1), 1);
    wait_for_child(child);
    CHECK_INT(count_users(db), 3);
    close(turn[0]);
    close(turn[1]);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

struct pool {
    scimdb_store *db;
    int stop;
};

static void *keep_busy(void *argument) {
    struct pool *pool = argument;
    scimdb_buf out = SCIMDB_BUF_INIT;
    while (read_flag(&pool->stop) == 0) {
        CHECK_INT(scimdb_search(pool->db, TENANT, USER, L("{\"count\":5}"), &out, NULL), SCIMDB_OK);
        CHECK_INT(scimdb_get(pool->db, TENANT, USER, S("none"), NONE, &out, NULL), SCIMDB_NOT_FOUND);
    }
    scimdb_buf_free(&out);
    return NULL;
}

/* A fork may come while other threads are anywhere in the library: the child must not wait for locks that they held. */
static void a_fork_in_the_middle_of_work_does_not_hang(void) {
    struct pool pool = {open_memory(), 0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, keep_busy, &pool) == 0);
    }
    for (int round = 0; round < (is_slow() ? 3 : 50); round++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            scimdb_buf out = SCIMDB_BUF_INIT;
            bool is_refused = scimdb_get(pool.db, TENANT, USER, S("x"), NONE, &out, NULL) == SCIMDB_MISUSE &&
                              scimdb_close(pool.db) == SCIMDB_MISUSE;
            _exit(is_refused ? 0 : 1);
        }
        wait_for_child(child);
    }
    raise_flag(&pool.stop);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_INT(scimdb_close(pool.db), SCIMDB_OK);
}

const struct test fork_tests[] = {
    {"fork: a child does not use its parent's store", a_child_does_not_use_its_parents_store},
    {"fork: a child opens a store of its own", a_child_opens_a_store_of_its_own},
    {"fork: a child is told who holds the store", a_child_is_told_who_holds_the_store},
    {"fork: processes share a store", processes_share_a_store},
    {"fork: a fork in the middle of work does not hang", a_fork_in_the_middle_of_work_does_not_hang},
    END_OF_TESTS,
};
