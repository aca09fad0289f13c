/* Imports that are queued. */
#include "harness.h"

static const char BODY[] = "{\"group\":{\"value\":\"all\"},\"users\":[{\"userName\":\"ann \xc3\xa9\"},{\"userName\":\"bob\"},"
                           "{\"externalId\":\"x3\"},{\"userName\":\"bob\"}]}";

static scimdb_store *with_group(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_create(
        db, TENANT, S("Group"), L("{" AS_GROUP "\"displayName\":\"All\"}"), L("{\"id\":\"all\"}"), &out, &err));
    scimdb_buf_free(&out);
    return db;
}

static void an_import_is_queued_in_parts(void) {
    const size_t all = sizeof BODY - 1;
    const size_t steps[] = {all, 1, 7};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        scimdb_store *db = with_group();
        scimdb_error *err = NULL;
        scimdb_import *import = NULL;
        scimdb_buf out = SCIMDB_BUF_INIT;
        OK(scimdb_import_open(db, TENANT, L("{\"queue\":true,\"actor\":\"check\"}"), &import, &err));
        OK(scimdb_import_feed(import, NONE, &err));
        for (size_t from = 0; from < all; from += steps[i]) {
            OK(scimdb_import_feed(import, BODY + from, all - from < steps[i] ? all - from : steps[i], &err));
        }
        OK(scimdb_import_finish(import, &out, &err));
        CHECK_AT(out.data, "importSize", "4");
        CHECK_AT(out.data, "group", "all");
        CHECK_AT(out.data, "actor", "check");
        char *id = at(out.data, "correlationId");
        CHECK_INT(strlen(id), 20);
        OK(scimdb_job_get(db, TENANT, S(id), L("{\"waitSeconds\":60}"), &out, &err));
        CHECK_AT(out.data, "status", "done");
        CHECK_AT(out.data, "imported", "2");
        CHECK_AT(out.data, "alreadyExisted", "1");
        CHECK_AT(out.data, "failed", "1");
        CHECK_AT(out.data, "failures/0/row", "3");
        CHECK_AT(out.data, "failures/0/externalId", "x3");
        CHECK_INT(count_users(db), 2);
        OK(scimdb_job_list(db, TENANT, &out, &err));
        CHECK_AT(out.data, "jobs/0/correlationId", id);
        /* finish has freed it. */
        FAILS(SCIMDB_MISUSE, scimdb_import_feed(import, S("{}"), &err));
        free(id);
        scimdb_buf_free(&out);
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
    }
}

static void what_is_given_up_or_wrong_leaves_nothing(void) {
    scimdb_store *db = with_group();
    scimdb_error *err = NULL;
    scimdb_import *import = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    FAILS(
        SCIMDB_INVALID_ARGUMENT,
        scimdb_import_open(db, TENANT, L("{\"queue\":true,\"onConflict\":\"skip\"}"), &import, &err));
    FAILS(
        SCIMDB_UNKNOWN_TYPE,
        scimdb_import_open(db, TENANT, L("{\"queue\":true,\"resourceType\":\"Car\"}"), &import, &err));
    CHECK(import == NULL);
    OK(scimdb_import_open(db, TENANT, L("{\"queue\":true}"), &import, &err));
    OK(scimdb_import_feed(import, BODY, sizeof BODY - 2, &err));
    scimdb_import_free(import);
    scimdb_import_free(import);
    /* It breaks off. */
    OK(scimdb_import_open(db, TENANT, L("{\"queue\":true}"), &import, &err));
    OK(scimdb_import_feed(import, BODY, sizeof BODY - 2, &err));
    FAILS(SCIMDB_INVALID_SYNTAX, scimdb_import_finish(import, &out, &err));
    /* What is wrong is told before the end where there is a lot to come. */
    OK(scimdb_import_open(db, TENANT, L("{\"queue\":true}"), &import, &err));
    scimdb_code code = SCIMDB_OK;
    for (int i = 0; i < 10000 && code == SCIMDB_OK; i++) {
        code = scimdb_import_feed(import, BODY, sizeof BODY - 1, NULL);
    }
    CHECK_INT(code, SCIMDB_INVALID_SYNTAX);
    FAILS(SCIMDB_MISUSE, scimdb_import_feed(import, S("{}"), &err));
    scimdb_import_free(import);
    /* The store is closed over one. */
    OK(scimdb_import_open(db, TENANT, L("{\"queue\":true}"), &import, &err));
    OK(scimdb_import_feed(import, BODY, sizeof BODY - 2, &err));
    OK(scimdb_job_list(db, TENANT, &out, &err));
    CHECK_TEXT(out.data, "{\"jobs\":[]}");
    FAILS(SCIMDB_NOT_FOUND, scimdb_job_get(db, TENANT, S("AAAAAAAAAAAAAAAAAAAA"), NONE, &out, &err));
    CHECK_INT(count_users(db), 0);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    FAILS(SCIMDB_MISUSE, scimdb_import_feed(import, S("{}"), &err));
    scimdb_import_free(import);
}

const struct test job_tests[] = {
    {"jobs: an import is queued in parts", an_import_is_queued_in_parts},
    {"jobs: what is given up or wrong leaves nothing", what_is_given_up_or_wrong_leaves_nothing},
    END_OF_TESTS,
};
