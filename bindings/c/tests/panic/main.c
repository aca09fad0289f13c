/* What is left behind a panic, in a library that was built with --cfg scimdb_test_panic: a get of the id
   "scimdb_test_panic" panics. The panic is an answer, and only its own store is poisoned. */
#include "../harness.h"

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

int main(void) {
    a_panic_poisons_its_store_alone();
    printf("1 test passed\n");
    return 0;
}
