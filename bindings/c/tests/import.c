/* Bulk requests and imports. */
#include "harness.h"

static void a_bulk_request_is_answered(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_bulk(
        db, TENANT,
        L("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:BulkRequest\"],\"Operations\":["
          "{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"a\",\"data\":{" AS_USER "\"userName\":\"ann\"}},"
          "{\"method\":\"POST\",\"path\":\"/Groups\",\"bulkId\":\"g\",\"data\":{" AS_GROUP
          "\"displayName\":\"All\",\"members\":"
          "[{\"value\":\"bulkId:a\"}]}},"
          "{\"method\":\"DELETE\",\"path\":\"/Users/none\"}]}"),
        L("{\"actor\":\"check\",\"base\":\"https://example.com\"}"), &out, &err));
    CHECK_AT(out.data, "Operations/0/status", "201");
    CHECK_AT(out.data, "Operations/1/status", "201");
    CHECK_AT(out.data, "Operations/2/status", "404");
    char *location = at(out.data, "Operations/0/location");
    CHECK_HAS(location, "https://example.com/Users/");
    free(location);
    FAILS(SCIMDB_INVALID_SYNTAX, scimdb_bulk(db, TENANT, L("{\"Operations\":5}"), NONE, &out, &err));
    FAILS(
        SCIMDB_INVALID_ARGUMENT,
        scimdb_bulk(
            db, TENANT,
            L("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:BulkRequest\"],\"Operations\":["
              "{\"method\":\"DELETE\",\"path\":\"/Users/none\"}]}"),
            L("{\"actors\":\"\"}"), &out, &err));
    CHECK_INT(count_users(db), 1);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static const char ROWS[] =
    "{\"id\":\"u1\",\"userName\":\"ann\",\"displayName\":\"Ann \xc3\xa9\"}\n"
    "{\"id\":\"u2\",\"userName\":\"bob\"}\r\n"
    "\n"
    "{\"id\":\"u3\",\"userName\":\"ANN\"}\n"
    "{\"id\":\"u4\",\"userName\":5}\n"
    "no JSON at all\n"
    "{\"id\":\"g1\",\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"displayName\":\"All\","
    "\"members\":[{\"value\":\"u1\"}]}\n"
    "{\"id\":\"u5\",\"userName\":\"eve\"}";

static void chunks_are_cut_anywhere(void) {
    const size_t all = sizeof ROWS - 1;
    const size_t steps[] = {all, 1, 7, 64};
    char *first = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        scimdb_store *db = open_memory();
        scimdb_error *err = NULL;
        scimdb_import *import = NULL;
        scimdb_buf out = SCIMDB_BUF_INIT;
        OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\",\"actor\":\"check\"}"), &import, &err));
        OK(scimdb_import_feed(import, NONE, &err));
        for (size_t from = 0; from < all; from += steps[i]) {
            size_t n = all - from < steps[i] ? all - from : steps[i];
            OK(scimdb_import_feed(import, ROWS + from, n, &err));
        }
        OK(scimdb_import_finish(import, &out, &err));
        CHECK_AT(out.data, "created", "4");
        CHECK_AT(out.data, "rejected", "3");
        CHECK_AT(out.data, "replaced", "0");
        CHECK_AT(out.data, "skipped", "0");
        CHECK_AT(out.data, "read", "7");
        /* However it is cut, the report is the same. */
        if (first == NULL) {
            first = malloc(out.len + 1);
            CHECK(first != NULL);
            memcpy(first, out.data, out.len + 1);
        }
        CHECK_TEXT(out.data, first);
        OK(scimdb_get(db, TENANT, USER, S("u1"), NONE, &out, &err));
        CHECK_AT(out.data, "displayName", "Ann \xc3\xa9");
        /* finish has freed it. */
        FAILS(SCIMDB_MISUSE, scimdb_import_feed(import, S("{}"), &err));
        FAILS(SCIMDB_MISUSE, scimdb_import_finish(import, &out, &err));
        scimdb_import_free(import);
        scimdb_buf_free(&out);
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
    }
    CHECK_AT(first, "rejects/0/error/scimType", "uniqueness");
    json_t *report = json_loads(first, 0, NULL);
    CHECK_INT(json_array_size(json_object_get(report, "rejects")), 3);
    json_decref(report);
    free(first);
}

static void conflicts_are_settled_as_asked(void) {
    const char *const rows = "{\"id\":\"u1\",\"userName\":\"ann\",\"title\":\"new\"}\n";
    const struct {
        const char *options, *count, *title;
    } cases[] = {
        {"{\"resourceType\":\"User\"}", "rejected", "old"},
        {"{\"resourceType\":\"User\",\"onConflict\":\"skip\"}", "skipped", "old"},
        {"{\"resourceType\":\"User\",\"onConflict\":\"replace\"}", "replaced", "new"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scimdb_store *db = open_memory();
        scimdb_error *err = NULL;
        scimdb_import *import = NULL;
        scimdb_buf out = SCIMDB_BUF_INIT;
        OK(scimdb_create(
            db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\",\"title\":\"old\"}"), L("{\"id\":\"u1\"}"), &out,
            &err));
        OK(scimdb_import_open(db, TENANT, S(cases[i].options), &import, &err));
        OK(scimdb_import_feed(import, S(rows), &err));
        OK(scimdb_import_finish(import, &out, &err));
        CHECK_AT(out.data, cases[i].count, "1");
        OK(scimdb_get(db, TENANT, USER, S("u1"), NONE, &out, &err));
        CHECK_AT(out.data, "title", cases[i].title);
        scimdb_buf_free(&out);
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
    }
}

static void an_import_is_given_up(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_import *import = NULL;
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_import_open(db, TENANT, L("{\"onConflict\":\"maybe\"}"), &import, &err));
    FAILS(SCIMDB_UNKNOWN_TENANT, scimdb_import_open(db, S("nobody"), NONE, &import, &err));
    CHECK(import == NULL);
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    OK(scimdb_import_feed(import, L("{" AS_USER "\"userName\":\"ann\"}\n"), &err));
    scimdb_import_free(import);
    CHECK_INT(count_users(db), 0);
    /* finish frees it, also where there is no place for the report. */
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    FAILS(SCIMDB_MISUSE, scimdb_import_finish(import, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_import_feed(import, S("{}"), &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void an_import_ends_with_its_store(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_import *import = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    OK(scimdb_import_feed(import, L("{" AS_USER "\"userName\":\"ann\"}\n"), &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    scimdb_code code = scimdb_import_finish(import, &out, &err);
    CHECK(code == SCIMDB_MISUSE || code == SCIMDB_UNAVAILABLE);
    CHECK_INT(scimdb_error_code(err), code);
    scimdb_error_free(err);
    CHECK(out.data == NULL);
    scimdb_import_free(import);
}

static void what_comes_is_read_again(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_import *import = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    /* Enough for more than one commit. */
    const int count = is_slow() ? 500 : 10000;
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    char row[256];
    for (int i = 0; i < count; i++) {
        int n = snprintf(row, sizeof row, "{\"id\":\"u%d\",\"userName\":\"user%d\"}\n", i, i);
        OK(scimdb_import_feed(import, row, (size_t)n, &err));
    }
    OK(scimdb_import_finish(import, &out, &err));
    CHECK_INT(count_users(db), count);
    scimdb_iter *iter = NULL;
    const char *json = NULL;
    size_t json_n = 0;
    int found = 0;
    OK(scimdb_iter_open(db, TENANT, USER, NONE, &iter, &err));
    while (scimdb_iter_next(iter, &json, &json_n, &err) == SCIMDB_OK) {
        found++;
    }
    CHECK_INT(found, count);
    scimdb_iter_free(iter);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test import_tests[] = {
    {"import: a bulk request is answered", a_bulk_request_is_answered},
    {"import: chunks are cut anywhere", chunks_are_cut_anywhere},
    {"import: conflicts are settled as asked", conflicts_are_settled_as_asked},
    {"import: an import is given up", an_import_is_given_up},
    {"import: an import ends with its store", an_import_ends_with_its_store},
    {"import: what comes is read again", what_comes_is_read_again},
    END_OF_TESTS,
};
