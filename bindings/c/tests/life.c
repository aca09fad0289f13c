/* Opening, closing, versions. */
#include "harness.h"

static void versions_are_told(void) {
    CHECK_TEXT(scimdb_version(), "0.1.0");
    CHECK_INT(scimdb_abi_version(), SCIMDB_ABI_VERSION);
}

static void a_store_in_memory_is_opened_and_closed(void) {
    scimdb_store *db = open_memory();
    CHECK_INT(count_users(db), 0);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void two_stores_in_memory_have_nothing_in_common(void) {
    scimdb_store *one = open_memory(), *two = open_memory();
    CHECK(one != two);
    char id[64];
    make_user(one, "ann", id);
    CHECK_INT(count_users(one), 1);
    CHECK_INT(count_users(two), 0);
    CHECK_INT(scimdb_close(one), SCIMDB_OK);
    CHECK_INT(count_users(two), 0);
    CHECK_INT(scimdb_close(two), SCIMDB_OK);
}

static void a_store_on_disk_is_there_when_it_is_opened_again(void) {
    char *folder = folder_new();
    char id[64];
    for (int round = 0; round < 2; round++) {
        scimdb_store *db = NULL;
        scimdb_error *err = NULL;
        OK(scimdb_open(S(folder), NONE, &db, &err));
        if (round == 0) {
            make_user(db, "ann", id);
        }
        scimdb_buf out = SCIMDB_BUF_INIT;
        OK(scimdb_get(db, TENANT, USER, S(id), NONE, &out, &err));
        CHECK_AT(out.data, "userName", "ann");
        scimdb_buf_free(&out);
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
    }
    folder_remove(folder);
}

static void the_length_of_a_path_counts(void) {
    char *folder = folder_new();
    char path[4200];
    int n = snprintf(path, sizeof path, "%s/storeXXXX", folder);
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(path, (size_t)n - 4, NONE, &db, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    path[n - 4] = '\0';
    OK(scimdb_open(S(path), L("{\"create\":false}"), &db, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static void a_store_is_held_by_one(void) {
    char *folder = folder_new();
    scimdb_store *db = NULL, *second = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(S(folder), L("{\"holder\":\"the first\"}"), &db, &err));
    FAILS_WITH(SCIMDB_LOCKED, scimdb_open(S(folder), NONE, &second, &err));
    CHECK(second == NULL);
    CHECK_INT(scimdb_error_is_retriable(err), 1);
    CHECK_INT(scimdb_error_status(err), 503);
    CHECK_HAS(scimdb_error_detail(err), "the first");
    scimdb_error_free(err);
    err = NULL;
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    OK(scimdb_open(S(folder), NONE, &db, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static void what_cannot_be_opened_is_refused(void) {
    scimdb_store *const untouched = (scimdb_store *)&untouched;
    scimdb_store *db = untouched;
    scimdb_error *err = NULL;
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_open(S(":memory:"), L("{\"cacheByte\":1}"), &db, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_open(S(":memory:"), L("{\"cacheBytes\":\"many\"}"), &db, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_open(S(":memory:"), L("{\"cacheBytes\":-1}"), &db, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_open(S(":memory:"), L("[]"), &db, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_open(S(":memory:"), L("{\"create\":"), &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(NULL, 0, NONE, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(NULL, SCIMDB_NTS, NONE, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(NULL, 5, NONE, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(S(":memory:"), NULL, 3, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(S(":memory:"), NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(L("\xff\xfe"), NONE, &db, &err));
    char *folder = folder_new();
    char path[4200];
    snprintf(path, sizeof path, "%s/none", folder);
    FAILS(SCIMDB_NOT_FOUND, scimdb_open(S(path), L("{\"create\":false}"), &db, &err));
    CHECK(db == untouched);
    CHECK_INT(scimdb_open(S(path), L("{\"create\":false}"), &db, NULL), SCIMDB_NOT_FOUND);
    folder_remove(folder);
}

static void every_option_of_a_store_is_taken(void) {
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(
        S(":memory:"),
        L("{\"cacheBytes\":1048576,\"create\":true,\"defaultPage\":2,\"maxPage\":3,\"cursorTtlSeconds\":60,"
          "\"maxBulkOperations\":2,\"keepChanges\":100,\"holder\":\"check\",\"hashMemoryBytes\":33554432,"
          "\"index\":{\"enabled\":true,\"from\":10}}"),
        &db, &err));
    char id[64], name[16];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "user%d", i);
        make_user(db, name, id);
    }
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_search(db, TENANT, USER, L("{}"), &out, &err));
    CHECK_AT(out.data, "itemsPerPage", "2");
    OK(scimdb_search(db, TENANT, USER, L("{\"count\":10}"), &out, &err));
    CHECK_AT(out.data, "itemsPerPage", "3");
    CHECK_AT(out.data, "totalResults", "5");
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void closing_twice_is_answered(void) {
    CHECK_INT(scimdb_close(NULL), SCIMDB_OK);
    scimdb_store *db = open_memory();
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_INT(scimdb_close(db), SCIMDB_MISUSE);
    CHECK_INT(scimdb_interrupt(db), SCIMDB_MISUSE);
    CHECK_INT(scimdb_interrupt(NULL), SCIMDB_MISUSE);
    /* The place of a closed handle is used again; the old handle is none for it. */
    scimdb_store *next = open_memory();
    CHECK(next != db);
    CHECK_INT(scimdb_close(db), SCIMDB_MISUSE);
    CHECK_INT(count_users(next), 0);
    CHECK_INT(scimdb_close(next), SCIMDB_OK);
}

const struct test life_tests[] = {
    {"life: versions are told", versions_are_told},
    {"life: a store in memory is opened and closed", a_store_in_memory_is_opened_and_closed},
    {"life: two stores in memory have nothing in common", two_stores_in_memory_have_nothing_in_common},
    {"life: a store on disk is there when it is opened again", a_store_on_disk_is_there_when_it_is_opened_again},
    {"life: the length of a path counts", the_length_of_a_path_counts},
    {"life: a store is held by one", a_store_is_held_by_one},
    {"life: what cannot be opened is refused", what_cannot_be_opened_is_refused},
    {"life: every option of a store is taken", every_option_of_a_store_is_taken},
    {"life: closing twice is answered", closing_twice_is_answered},
    END_OF_TESTS,
};
