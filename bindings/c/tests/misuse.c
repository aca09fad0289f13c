/* Every function, called with handles that are none: NULL, closed, of another kind, an address of something else. */
#include "harness.h"

/* Calls every function of a store with a handle that is no open store: each must answer MISUSE and touch nothing. */
static void refuse_everything(scimdb_store *db, bool with_error) {
    scimdb_error *error = NULL, **err = with_error ? &error : NULL;
    scimdb_buf out = SCIMDB_BUF_INIT, more = SCIMDB_BUF_INIT;
    int32_t number = 7;
    int drops = 0;
    scimdb_iter *iter = NULL;
    scimdb_import *import = NULL;
    scimdb_subscription *subscription = NULL;
    scimdb_server *server = NULL;
#define REFUSED(call)                                                                                                  \
    do {                                                                                                               \
        CHECK_INT((call), SCIMDB_MISUSE);                                                                              \
        if (with_error) {                                                                                              \
            CHECK_INT(scimdb_error_code(error), SCIMDB_MISUSE);                                                        \
            CHECK_INT(scimdb_error_status(error), 400);                                                                \
            CHECK_TEXT(scimdb_error_name(error), "MISUSE");                                                            \
        }                                                                                                              \
        scimdb_error_free(error);                                                                                      \
        error = NULL;                                                                                                  \
    } while (0)
    REFUSED(scimdb_handle(db, TENANT, S("GET"), S("/Users"), NONE, NONE, NONE, &number, &out, &more, err));
    REFUSED(scimdb_get(db, TENANT, USER, S("x"), NONE, &out, err));
    REFUSED(scimdb_create(db, TENANT, USER, S("{}"), NONE, &out, err));
    REFUSED(scimdb_replace(db, TENANT, USER, S("x"), S("{}"), NONE, &out, err));
    REFUSED(scimdb_patch(db, TENANT, USER, S("x"), S("{}"), NONE, &out, err));
    REFUSED(scimdb_delete(db, TENANT, USER, S("x"), NONE, err));
    REFUSED(scimdb_verify_password(db, TENANT, USER, S("x"), S("y"), &number, err));
    REFUSED(scimdb_search(db, TENANT, USER, S("{}"), &out, err));
    REFUSED(scimdb_explain(db, TENANT, USER, S("{}"), &out, err));
    REFUSED(scimdb_iter_open(db, TENANT, USER, S("{}"), &iter, err));
    REFUSED(scimdb_bulk(db, TENANT, S("{}"), NONE, &out, err));
    REFUSED(scimdb_import_open(db, TENANT, NONE, &import, err));
    REFUSED(scimdb_changes(db, TENANT, 0, 1, 0, &out, err));
    REFUSED(scimdb_on_change(db, (scimdb_on_change_fn)abort, &drops, count_drop, &subscription, err));
    CHECK_INT(drops, 1);
    REFUSED(scimdb_set_hooks(db, NULL, (scimdb_after_commit_fn)abort, &drops, count_drop, err));
    CHECK_INT(drops, 2);
    REFUSED(scimdb_set_repositories(db, (scimdb_repository_fn)abort, &drops, count_drop, err));
    CHECK_INT(drops, 3);
    REFUSED(scimdb_job_get(db, TENANT, S("x"), NONE, &out, err));
    REFUSED(scimdb_job_list(db, TENANT, &out, err));
    REFUSED(scimdb_profile_check(db, TENANT, NONE, &out, err));
    REFUSED(scimdb_forget(db, TENANT, USER, S("x"), NONE, &out, err));
    REFUSED(scimdb_value_keys_rotate(db, &out, err));
    REFUSED(scimdb_token_regenerate(db, TENANT, S("x"), &out, err));
    REFUSED(scimdb_schema_put(db, TENANT, S("[]"), err));
    REFUSED(scimdb_schema_remove(db, TENANT, S("x"), err));
    REFUSED(scimdb_schema_list(db, TENANT, &out, err));
    REFUSED(scimdb_tenant_create(db, S("x"), NONE, err));
    REFUSED(scimdb_tenant_configure(db, S("x"), NONE, err));
    REFUSED(scimdb_tenant_drop(db, S("x"), err));
    REFUSED(scimdb_tenant_list(db, &out, err));
    REFUSED(scimdb_token_create(db, TENANT, S("x"), NONE, &out, err));
    REFUSED(scimdb_token_revoke(db, TENANT, S("x"), err));
    REFUSED(scimdb_token_list(db, TENANT, &out, err));
    REFUSED(scimdb_authenticate(db, S("x"), &out, err));
    REFUSED(scimdb_stats(db, &out, err));
    REFUSED(scimdb_check(db, &out, err));
    REFUSED(scimdb_backup(db, S("x"), err));
    REFUSED(scimdb_compact(db, err));
#ifndef WITHOUT_SERVER
    REFUSED(scimdb_serve_start(db, NONE, &server, err));
#endif
    CHECK_INT(scimdb_interrupt(db), SCIMDB_MISUSE);
    if (db != NULL) {
        CHECK_INT(scimdb_close(db), SCIMDB_MISUSE);
    }
    CHECK(out.data == NULL && more.data == NULL && number == 7);
    CHECK(iter == NULL && import == NULL && subscription == NULL && server == NULL);
}

static void no_store_is_refused_everywhere(void) {
    refuse_everything(NULL, true);
    refuse_everything(NULL, false);
    int somewhere = 0;
    const uintptr_t wrong[] = {(uintptr_t)&somewhere, 1, 8, UINTPTR_MAX, UINTPTR_MAX - 1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        refuse_everything((scimdb_store *)wrong[i], true);
    }
}

static void a_closed_store_is_refused_everywhere(void) {
    scimdb_store *db = open_memory();
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    refuse_everything(db, true);
    refuse_everything(db, false);
}

/* What the accessors say of a handle that is no error. */
static void tells_no_error(const scimdb_error *error) {
    CHECK_INT(scimdb_error_code(error), SCIMDB_OK);
    CHECK_INT(scimdb_error_status(error), 0);
    CHECK(scimdb_error_name(error) == NULL);
    CHECK(scimdb_error_scim_type(error) == NULL);
    CHECK(scimdb_error_detail(error) == NULL);
    CHECK(scimdb_error_attribute(error) == NULL);
    CHECK_INT(scimdb_error_offset(error), -1);
    CHECK_INT(scimdb_error_is_retriable(error), 0);
    CHECK(scimdb_error_json(error) == NULL);
}

static void no_error_is_told_of_as_one(void) {
    int somewhere = 0;
    tells_no_error(NULL);
    tells_no_error((const scimdb_error *)&somewhere);
    tells_no_error((const scimdb_error *)UINTPTR_MAX);
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    FAILS_WITH(SCIMDB_MISUSE, scimdb_open(NONE, NONE, &db, &err));
    scimdb_error *freed = err;
    scimdb_error_free(freed);
    tells_no_error(freed);
    scimdb_error_free(freed);
}

static void nothing_is_opened_without_a_path_or_a_place(void) {
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    FAILS(SCIMDB_MISUSE, scimdb_open(NONE, NONE, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(NULL, SCIMDB_NTS, NONE, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(NULL, 5, NONE, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(S(":memory:"), NULL, 5, &db, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(S(":memory:"), NONE, NULL, &err));
    CHECK_INT(scimdb_open(NONE, NONE, NULL, NULL), SCIMDB_MISUSE);
    CHECK(db == NULL);
}

static void a_log_that_cannot_be_is_let_go_of(void) {
    scimdb_error *err = NULL;
    int drops = 0;
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_set_log((scimdb_log_fn)abort, 0, &drops, count_drop, &err));
    CHECK_INT(drops, 1);
    CHECK_INT(scimdb_set_log((scimdb_log_fn)abort, INT32_MIN, &drops, count_drop, NULL), SCIMDB_INVALID_ARGUMENT);
    CHECK_INT(drops, 2);
    /* Without a callback any level will do, and what came with it is not kept. */
    OK(scimdb_set_log(NULL, INT32_MAX, &drops, count_drop, &err));
    CHECK_INT(drops, 3);
    OK(scimdb_set_log(NULL, 0, NULL, NULL, &err));
    CHECK_INT(scimdb_set_log(NULL, 0, NULL, NULL, NULL), SCIMDB_OK);
}

static void a_handle_of_another_kind_is_refused(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_iter *iter = NULL;
    scimdb_import *import = NULL;
    const char *json = "kept";
    size_t json_n = 4;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_iter_open(db, TENANT, USER, S("{}"), &iter, &err));
    OK(scimdb_import_open(db, TENANT, NONE, &import, &err));
    refuse_everything((scimdb_store *)iter, true);
    refuse_everything((scimdb_store *)import, true);
    FAILS(SCIMDB_MISUSE, scimdb_iter_next((scimdb_iter *)db, &json, &json_n, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next((scimdb_iter *)import, &json, &json_n, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next(NULL, &json, &json_n, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next(iter, NULL, &json_n, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next(iter, &json, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many((scimdb_iter *)db, 1, 1, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many((scimdb_iter *)import, 1, 1, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many(NULL, 1, 1, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many(iter, 1, 1, NULL, &err));
    CHECK_INT(scimdb_iter_next_many(NULL, 1, 1, NULL, NULL), SCIMDB_MISUSE);
    CHECK_INT(scimdb_iter_next(NULL, NULL, NULL, NULL), SCIMDB_MISUSE);
    FAILS(SCIMDB_MISUSE, scimdb_import_feed((scimdb_import *)iter, S("{}"), &err));
    FAILS(SCIMDB_MISUSE, scimdb_import_feed(NULL, S("{}"), &err));
    FAILS(SCIMDB_MISUSE, scimdb_import_finish((scimdb_import *)db, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_import_finish(NULL, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_serve_url(NULL, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_serve_url((scimdb_server *)db, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_serve_stop((scimdb_server *)db, 0, &err));
    CHECK_TEXT(json, "kept");
    CHECK_INT(json_n, 4);
    CHECK(out.data == NULL);
    /* Freeing what is of another kind frees nothing. */
    scimdb_iter_free((scimdb_iter *)db);
    scimdb_import_free((scimdb_import *)db);
    scimdb_subscription_free((scimdb_subscription *)db);
    scimdb_error_free((scimdb_error *)db);
    tells_no_error((scimdb_error *)db);
    CHECK_INT(count_users(db), 0);
    scimdb_iter_free(iter);
    scimdb_iter_free(iter);
    scimdb_import_free(import);
    scimdb_import_free(import);
    FAILS(SCIMDB_MISUSE, scimdb_iter_next(iter, &json, &json_n, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many(iter, 1, 1, &out, &err));
    CHECK(out.data == NULL);
    FAILS(SCIMDB_MISUSE, scimdb_import_feed(import, S("{}"), &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void nothing_is_freed_safely(void) {
    scimdb_iter_free(NULL);
    scimdb_import_free(NULL);
    scimdb_subscription_free(NULL);
    scimdb_error_free(NULL);
    scimdb_buf_free(NULL);
    CHECK_INT(scimdb_close(NULL), SCIMDB_OK);
    scimdb_error *err = NULL;
    OK(scimdb_serve_stop(NULL, 0, &err));
    CHECK_INT(scimdb_decision_refuse(NULL, 400, NONE, S("no")), SCIMDB_MISUSE);
    CHECK_INT(scimdb_decision_set(NULL, S("{}")), SCIMDB_MISUSE);
    CHECK_INT(scimdb_found_add(NULL, S("{}")), SCIMDB_MISUSE);
    CHECK_INT(scimdb_found_fail(NULL, 503, NONE), SCIMDB_MISUSE);
    int somewhere = 0;
    CHECK_INT(scimdb_found_add((scimdb_found *)&somewhere, S("{}")), SCIMDB_MISUSE);
    CHECK_INT(scimdb_decision_set((scimdb_decision *)&somewhere, S("{}")), SCIMDB_MISUSE);
}

static void what_must_be_given_is_missed(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, NONE, S("x"), NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, NONE, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_create(db, TENANT, NONE, S("{}"), NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_create(db, TENANT, USER, NONE, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_replace(db, TENANT, USER, S("x"), NONE, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_patch(db, TENANT, USER, S("x"), NONE, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_delete(db, TENANT, USER, NONE, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_bulk(db, TENANT, NONE, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_schema_put(db, TENANT, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_schema_remove(db, TENANT, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_tenant_create(db, NONE, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_tenant_configure(db, NONE, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_tenant_drop(db, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_token_create(db, TENANT, NONE, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_token_revoke(db, TENANT, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_authenticate(db, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_backup(db, NONE, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_open(db, TENANT, USER, NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_import_open(db, TENANT, NONE, NULL, &err));
    int drops = 0;
    FAILS(SCIMDB_MISUSE, scimdb_on_change(db, (scimdb_on_change_fn)abort, &drops, count_drop, NULL, &err));
    CHECK_INT(drops, 1);
    scimdb_subscription *subscription = NULL;
    FAILS(SCIMDB_MISUSE, scimdb_on_change(db, NULL, &drops, count_drop, &subscription, &err));
    CHECK_INT(drops, 2);
    CHECK(subscription == NULL && out.data == NULL);
    /* Every output that is missing. */
    FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, S("x"), NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_create(db, TENANT, USER, S("{" AS_USER "\"userName\":\"a\"}"), NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_search(db, TENANT, USER, S("{}"), NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_explain(db, TENANT, USER, S("{}"), NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_bulk(db, TENANT, S("{}"), NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_changes(db, TENANT, 0, 1, 0, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_schema_list(db, TENANT, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_tenant_list(db, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_token_create(db, TENANT, S("t"), NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_token_list(db, TENANT, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_authenticate(db, S("x"), NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_check(db, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_job_get(db, TENANT, S("x"), NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_job_list(db, TENANT, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_profile_check(db, TENANT, NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_forget(db, TENANT, USER, S("x"), NONE, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_token_regenerate(db, TENANT, S("t"), NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_value_keys_rotate(db, NULL, &err));
    CHECK_INT(count_users(db), 0);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test misuse_tests[] = {
    {"misuse: no store is refused everywhere", no_store_is_refused_everywhere},
    {"misuse: a closed store is refused everywhere", a_closed_store_is_refused_everywhere},
    {"misuse: a handle of another kind is refused", a_handle_of_another_kind_is_refused},
    {"misuse: no error is told of as one", no_error_is_told_of_as_one},
    {"misuse: nothing is opened without a path or a place", nothing_is_opened_without_a_path_or_a_place},
    {"misuse: a log that cannot be is let go of", a_log_that_cannot_be_is_let_go_of},
    {"misuse: nothing is freed safely", nothing_is_freed_safely},
    {"misuse: what must be given is missed", what_must_be_given_is_missed},
    END_OF_TESTS,
};
