/* What is left behind a panic, in a library that was built with --cfg scimdb_test_panic: some names and texts make it
   panic at a place inside. The panic is an answer, and only its own store is poisoned; one in the thread that writes
   is the bug of a change, and poisons none. */
#include "../harness.h"

#include <sys/wait.h>
#include <unistd.h>

/* Bodies with a text that makes the library panic where it meets it. */
#define GROUP_OF(text) "{" AS_GROUP "\"displayName\":\"" text "\"}"
#define GROUP S("Group")
#define SHARED L("{\"share\":true}")

static scimdb_store *open_folder(const char *folder) {
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(S(folder), NONE, &db, &err));
    return db;
}

static void *read_poisoned(void *argument) {
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    FAILS(SCIMDB_POISONED, scimdb_search(argument, TENANT, USER, NONE, &out, &err));
    scimdb_buf_free(&out);
    return NULL;
}

static void a_panic_poisons_its_store_alone(void) {
    scimdb_store *db = open_memory(), *other = open_memory();
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    char id[64];
    make_user(db, "ann", id);
    OK(scimdb_get(db, TENANT, USER, S(id), NONE, &out, &err));
    const scimdb_buf before = out;
    FAILS_WITH(SCIMDB_PANIC, scimdb_get(db, TENANT, USER, S("scimdb_test_panic"), NONE, &out, &err));
    CHECK_INT(scimdb_error_status(err), 500);
    CHECK_TEXT(scimdb_error_name(err), "PANIC");
    scimdb_error_free(err);
    err = NULL;
    CHECK(out.data == before.data && out.len == before.len);
    FAILS(SCIMDB_POISONED, scimdb_get(db, TENANT, USER, S(id), NONE, &out, &err));
    FAILS(SCIMDB_POISONED, scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"bob\"}"), NONE, &out, &err));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, read_poisoned, db) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_INT(count_users(other), 0);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_INT(scimdb_close(db), SCIMDB_MISUSE);
    CHECK_INT(scimdb_close(other), SCIMDB_OK);
    scimdb_buf_free(&out);
}

static void a_write_that_panics_leaves_nothing(void) {
    char *folder = folder_new();
    scimdb_store *db = open_folder(folder);
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    char id[64];
    make_user(db, "ann", id);
    FAILS(SCIMDB_PANIC, scimdb_create(db, TENANT, S("scimdb_test_panic"), S(GROUP_OF("x")), NONE, &out, &err));
    FAILS(SCIMDB_POISONED, scimdb_create(db, TENANT, GROUP, S(GROUP_OF("x")), NONE, &out, &err));
    CHECK(out.data == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    /* Closed and opened again, it is as it was. */
    db = open_folder(folder);
    make_user(db, "bob", id);
    CHECK_INT(count_users(db), 2);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static int64_t count_groups(scimdb_store *db) {
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    OK(scimdb_search(db, TENANT, GROUP, L("{\"count\":0}"), &out, &err));
    char *total = at(out.data, "totalResults");
    int64_t count = atoll(total);
    free(total);
    scimdb_buf_free(&out);
    return count;
}

/* In the thread that writes, all of a commit is undone: who asked is told, and the store goes on. */
static void check_commit(scimdb_store *db) {
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    scimdb_iter *iter = NULL;
    const char *json = NULL;
    size_t json_n = 0;
    const char *changed = "[{\"op\":\"add\",\"path\":\"displayName\",\"value\":\"scimdb_test_panic commit\"}]}";
    char patch[256];
    snprintf(
        patch, sizeof patch, "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":%s",
        changed);
    OK(scimdb_create(db, TENANT, GROUP, S(GROUP_OF("old")), L("{\"id\":\"g\"}"), &out, &err));
    OK(scimdb_iter_open(db, TENANT, GROUP, NONE, &iter, &err));
    FAILS_WITH(
        SCIMDB_INTERNAL, scimdb_create(db, TENANT, GROUP, S(GROUP_OF("scimdb_test_panic commit")), NONE, &out, &err));
    CHECK_INT(scimdb_error_status(err), 500);
    CHECK_HAS(scimdb_error_detail(err), "nothing of it was written");
    scimdb_error_free(err);
    err = NULL;
    FAILS(SCIMDB_INTERNAL, scimdb_patch(db, TENANT, GROUP, S("g"), S(patch), NONE, &out, &err));
    OK(scimdb_get(db, TENANT, GROUP, S("g"), NONE, &out, &err));
    CHECK_AT(out.data, "displayName", "old");
    CHECK_INT(count_groups(db), 1);
    OK(scimdb_create(db, TENANT, GROUP, S(GROUP_OF("new")), NONE, &out, &err));
    CHECK_INT(count_groups(db), 2);
    OK(scimdb_check(db, &out, &err));
    CHECK_AT(out.data, "problems", "[]");
    /* What was opened before can be gone on with, or says that it cannot. */
    scimdb_code code = scimdb_iter_next(iter, &json, &json_n, &err);
    CHECK(code == SCIMDB_OK || code == SCIMDB_UNAVAILABLE);
    scimdb_error_free(err);
    scimdb_iter_free(iter);
    scimdb_buf_free(&out);
}

static void a_panic_in_a_commit_undoes_it_and_no_more(void) {
    scimdb_store *db = open_memory();
    check_commit(db);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    char *folder = folder_new();
    db = open_folder(folder);
    check_commit(db);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    db = open_folder(folder);
    CHECK_INT(count_groups(db), 2);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static void an_iterator_that_panics_is_freed(void) {
    scimdb_store *db = open_memory();
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    scimdb_iter *iter = NULL, *other = NULL;
    const char *json = "kept";
    size_t json_n = 4;
    OK(scimdb_create(db, TENANT, GROUP, S(GROUP_OF("scimdb_test_panic next")), NONE, &out, &err));
    OK(scimdb_iter_open(db, TENANT, GROUP, NONE, &iter, &err));
    OK(scimdb_iter_open(db, TENANT, GROUP, NONE, &other, &err));
    FAILS(SCIMDB_PANIC, scimdb_iter_next(iter, &json, &json_n, &err));
    CHECK_TEXT(json, "kept");
    CHECK_INT(json_n, 4);
    FAILS(SCIMDB_POISONED, scimdb_iter_next(iter, &json, &json_n, &err));
    FAILS(SCIMDB_POISONED, scimdb_iter_next_many(other, 1, 1, &out, &err));
    scimdb_iter_free(iter);
    /* One that outlives its store. */
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    FAILS(SCIMDB_MISUSE, scimdb_iter_next(other, &json, &json_n, &err));
    scimdb_iter_free(other);
    scimdb_buf_free(&out);
}

static void an_import_that_panics_is_freed(void) {
    char *folder = folder_new();
    scimdb_store *db = open_folder(folder);
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    scimdb_import *import = NULL, *other = NULL;
    OK(scimdb_import_open(db, TENANT, NONE, &import, &err));
    OK(scimdb_import_open(db, TENANT, NONE, &other, &err));
    OK(scimdb_import_feed(import, S(GROUP_OF("before") "\n"), &err));
    FAILS(SCIMDB_PANIC, scimdb_import_feed(import, S(GROUP_OF("scimdb_test_panic push") "\n"), &err));
    FAILS(SCIMDB_POISONED, scimdb_import_feed(import, S(GROUP_OF("behind") "\n"), &err));
    FAILS(SCIMDB_POISONED, scimdb_import_finish(import, &out, &err));
    FAILS(SCIMDB_POISONED, scimdb_import_feed(other, S(GROUP_OF("behind") "\n"), &err));
    scimdb_import_free(import);
    scimdb_import_free(other);
    CHECK(out.data == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    /* Rows that had no answer yet are not there. */
    db = open_folder(folder);
    CHECK_INT(count_groups(db), 0);
    /* A row that panics in the thread that writes ends its import, and nothing else. */
    OK(scimdb_import_open(db, TENANT, NONE, &import, &err));
    OK(scimdb_import_feed(import, S("{" AS_USER "\"userName\":\"scimdb_test_panic commit\"}\n"), &err));
    FAILS(SCIMDB_INTERNAL, scimdb_import_finish(import, &out, &err));
    CHECK_INT(count_users(db), 0);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static void pass(int turn[2]) {
    CHECK_INT(write(turn[1], "x", 1), 1);
}

static void await(int turn[2]) {
    char byte;
    CHECK_INT(read(turn[0], &byte, 1), 1);
}

/* The process that holds a store carries out the call of another: it is the holder's handle that is poisoned. */
static void a_guest_is_told_and_its_holder_is_poisoned(void) {
    char *folder = folder_new();
    int guest[2], holder[2];
    char id[64];
    CHECK(pipe(guest) == 0 && pipe(holder) == 0);
    scimdb_store *db = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    pid_t child = fork();
    CHECK(child >= 0);
    /* Who waits for a process that has failed reads the end of the pipe. */
    close(child == 0 ? guest[1] : guest[0]);
    close(child == 0 ? holder[0] : holder[1]);
    if (child == 0) {
        await(guest);
        OK(scimdb_open(S(folder), SHARED, &db, &err));
        /* What the thread that writes has undone poisons nobody. */
        FAILS(
            SCIMDB_INTERNAL,
            scimdb_create(db, TENANT, GROUP, S(GROUP_OF("scimdb_test_panic commit")), NONE, &out, &err));
        CHECK_INT(count_users(db), 1);
        FAILS_WITH(SCIMDB_PANIC, scimdb_get(db, TENANT, USER, S("scimdb_test_panic"), NONE, &out, &err));
        CHECK_HAS(scimdb_error_detail(err), "as asked");
        scimdb_error_free(err);
        err = NULL;
        FAILS(SCIMDB_POISONED, scimdb_search(db, TENANT, USER, NONE, &out, &err));
        CHECK(out.data == NULL);
        pass(holder);
        await(guest);
        /* The holder is gone: this process holds the store now, and its own handle is as good as ever. */
        make_user(db, "bob", id);
        CHECK_INT(count_users(db), 2);
        CHECK_INT(count_groups(db), 0);
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
        _exit(0);
    }
    OK(scimdb_open(S(folder), SHARED, &db, &err));
    make_user(db, "ann", id);
    pass(guest);
    await(holder);
    FAILS(SCIMDB_POISONED, scimdb_get(db, TENANT, USER, S(id), NONE, &out, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    pass(guest);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    close(guest[1]);
    close(holder[0]);
    folder_remove(folder);
}

int main(void) {
    a_guest_is_told_and_its_holder_is_poisoned();
    a_panic_poisons_its_store_alone();
    a_write_that_panics_leaves_nothing();
    a_panic_in_a_commit_undoes_it_and_no_more();
    an_iterator_that_panics_is_freed();
    an_import_that_panics_is_freed();
    printf("6 tests passed\n");
    return 0;
}
