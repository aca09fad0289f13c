/* get, create, replace, patch, delete, verify_password; and every part of an error. */
#include "harness.h"

static void a_resource_lives(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_create(
        db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\",\"displayName\":\"Ann\",\"title\":\"Dr\"}"),
        L("{\"id\":\"a1\",\"actor\":\"check\",\"base\":\"https://example.com\"}"), &out, &err));
    CHECK_AT(out.data, "id", "a1");
    CHECK_AT(out.data, "meta/location", "https://example.com/Users/a1");
    char *version = at(out.data, "meta/version");
    json_t *match = json_pack("{s:s}", "ifMatch", version);
    char *if_match = json_dumps(match, 0);
    json_t *none = json_pack("{s:s}", "ifNoneMatch", version);
    char *if_none_match = json_dumps(none, 0);

    FAILS(SCIMDB_NOT_MODIFIED, scimdb_get(db, TENANT, USER, S("a1"), S(if_none_match), &out, &err));
    OK(scimdb_get(db, TENANT, USER, S("a1"), L("{\"attributes\":[\"title\"]}"), &out, &err));
    CHECK_AT(out.data, "title", "Dr");
    CHECK_AT(out.data, "displayName", NULL);
    OK(scimdb_get(db, TENANT, USER, S("a1"), L("{\"excludedAttributes\":[\"title\"]}"), &out, &err));
    CHECK_AT(out.data, "title", NULL);
    CHECK_AT(out.data, "displayName", "Ann");

    OK(scimdb_replace(
        db, TENANT, USER, S("a1"), L("{" AS_USER "\"userName\":\"ann\",\"displayName\":\"Ann B\"}"), S(if_match), &out,
        &err));
    CHECK_AT(out.data, "displayName", "Ann B");
    CHECK_AT(out.data, "title", NULL);
    FAILS(
        SCIMDB_VERSION_MISMATCH,
        scimdb_patch(
            db, TENANT, USER, S("a1"),
            L("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":"
              "[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"Prof\"}]}"),
            S(if_match), &out, &err));
    OK(scimdb_patch(
        db, TENANT, USER, S("a1"),
        L("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":"
          "[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"Prof\"}]}"),
        NONE, &out, &err));
    CHECK_AT(out.data, "title", "Prof");
    FAILS(SCIMDB_VERSION_MISMATCH, scimdb_delete(db, TENANT, USER, S("a1"), S(if_match), &err));
    OK(scimdb_delete(db, TENANT, USER, S("a1"), NONE, &err));
    FAILS(SCIMDB_NOT_FOUND, scimdb_get(db, TENANT, USER, S("a1"), NONE, &out, &err));
    FAILS(SCIMDB_NOT_FOUND, scimdb_delete(db, TENANT, USER, S("a1"), NONE, &err));
    FAILS(
        SCIMDB_NOT_FOUND,
        scimdb_replace(db, TENANT, USER, S("a1"), L("{" AS_USER "\"userName\":\"ann\"}"), NONE, &out, &err));
    free(version);
    free(if_match);
    free(if_none_match);
    json_decref(match);
    json_decref(none);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void an_error_tells_everything(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    char id[64];
    make_user(db, "ann", id);
    FAILS_WITH(
        SCIMDB_UNIQUENESS, scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"ANN\"}"), NONE, &out, &err));
    CHECK_INT(scimdb_error_code(err), SCIMDB_UNIQUENESS);
    CHECK_INT(scimdb_error_status(err), 409);
    CHECK_TEXT(scimdb_error_name(err), "UNIQUENESS");
    CHECK_TEXT(scimdb_error_scim_type(err), "uniqueness");
    CHECK_TEXT(scimdb_error_attribute(err), "userName");
    CHECK_INT(scimdb_error_offset(err), -1);
    CHECK_INT(scimdb_error_is_retriable(err), 0);
    CHECK_HAS(scimdb_error_detail(err), "userName");
    CHECK_AT(scimdb_error_json(err), "status", "409");
    CHECK_AT(scimdb_error_json(err), "scimType", "uniqueness");
    CHECK_AT(scimdb_error_json(err), "schemas/0", "urn:ietf:params:scim:api:messages:2.0:Error");
    /* An error is the caller's: what comes after does not change it. */
    scimdb_error *other = NULL;
    CHECK_INT(scimdb_search(db, TENANT, USER, L("{\"filter\":\"userName eq\"}"), &out, &other), SCIMDB_INVALID_FILTER);
    CHECK_INT(scimdb_error_code(err), SCIMDB_UNIQUENESS);
    CHECK_INT(scimdb_error_offset(other), 11);
    CHECK_TEXT(scimdb_error_scim_type(other), "invalidFilter");
    CHECK(scimdb_error_attribute(other) == NULL);
    scimdb_error_free(other);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_TEXT(scimdb_error_name(err), "UNIQUENESS");
    scimdb_error_free(err);
    /* Freed twice: nothing happens. What is freed, or NULL, tells nothing. */
    scimdb_error_free(err);
    const scimdb_error *const gone[] = {err, NULL};
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(scimdb_error_code(gone[i]), 0);
        CHECK_INT(scimdb_error_status(gone[i]), 0);
        CHECK_INT(scimdb_error_is_retriable(gone[i]), 0);
        CHECK(scimdb_error_name(gone[i]) == NULL && scimdb_error_scim_type(gone[i]) == NULL);
        CHECK(scimdb_error_detail(gone[i]) == NULL && scimdb_error_attribute(gone[i]) == NULL);
        CHECK(scimdb_error_json(gone[i]) == NULL);
    }
    scimdb_error_free(NULL);
    CHECK(out.data == NULL);
}

static void errors_name_whose_fault_it_is(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    FAILS(SCIMDB_UNKNOWN_TENANT, scimdb_get(db, S("nobody"), USER, S("x"), NONE, &out, &err));
    FAILS(SCIMDB_UNKNOWN_TYPE, scimdb_get(db, TENANT, S("Car"), S("x"), NONE, &out, &err));
    FAILS(SCIMDB_INVALID_VALUE, scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":5}"), NONE, &out, &err));
    FAILS(SCIMDB_INVALID_SYNTAX, scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":"), NONE, &out, &err));
    FAILS(
        SCIMDB_INVALID_SYNTAX,
        scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"\xc3\x28\"}"), NONE, &out, &err));
    FAILS(
        SCIMDB_INVALID_ARGUMENT,
        scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"a\"}"), L("{\"attribute\":[]}"), &out, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_get(db, TENANT, USER, S("x"), L("{\"attributes\":5}"), &out, &err));
    CHECK_INT(count_users(db), 0);
    CHECK(out.data == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void passwords_are_verified_and_never_told(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_create(
        db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\",\"password\":\"correct horse\"}"), L("{\"id\":\"a1\"}"),
        &out, &err));
    CHECK(strstr(out.data, "horse") == NULL);
    int32_t matches = 7;
    OK(scimdb_verify_password(db, TENANT, USER, S("a1"), S("correct horse"), &matches, &err));
    CHECK_INT(matches, 1);
    OK(scimdb_verify_password(db, TENANT, USER, S("a1"), S("wrong horse"), &matches, &err));
    CHECK_INT(matches, 0);
    /* Nobody learns by it who there is. */
    matches = 7;
    OK(scimdb_verify_password(db, TENANT, USER, S("none"), S("x"), &matches, &err));
    CHECK_INT(matches, 0);
    matches = 7;
    FAILS(SCIMDB_MISUSE, scimdb_verify_password(db, TENANT, USER, S("a1"), NULL, 0, &matches, &err));
    FAILS(SCIMDB_MISUSE, scimdb_verify_password(db, TENANT, USER, S("a1"), S("x"), NULL, &err));
    CHECK_INT(matches, 7);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void large_resources_come_back_whole(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    const size_t size = (size_t)4 << 20;
    char *json = malloc(size + 256);
    CHECK(json != NULL);
    int n = snprintf(json, 256, "{" AS_USER "\"userName\":\"big\",\"displayName\":\"");
    for (size_t i = 0; i < size; i += 4) {
        memcpy(json + n + i, "\xf0\x9f\x98\x80", 4);
    }
    strcpy(json + n + size, "\"}");
    OK(scimdb_create(db, TENANT, USER, S(json), L("{\"id\":\"big\"}"), &out, &err));
    CHECK(out.len > size);
    char *name = at(out.data, "displayName");
    CHECK_INT(strlen(name), size);
    CHECK(memcmp(name, json + n, size) == 0);
    free(name);
    free(json);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test resource_tests[] = {
    {"resources: a resource lives", a_resource_lives},
    {"resources: an error tells everything", an_error_tells_everything},
    {"resources: errors name whose fault it is", errors_name_whose_fault_it_is},
    {"resources: passwords are verified and never told", passwords_are_verified_and_never_told},
    {"resources: large resources come back whole", large_resources_come_back_whole},
    END_OF_TESTS,
};
