/* What products need: repositories of the host, erasure, values that are encrypted, a profile that is checked. */
#include "harness.h"

/* Keys of 32 ones and 32 twos. */
#define KEY_1 "{\"id\":\"k1\",\"key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"}"
#define KEY_2 "{\"id\":\"k2\",\"key\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"}"

/* A directory of the host: how it answers, and what it was asked. */
struct directory {
    scimdb_store *db;
    scimdb_code answer, inner_write;
    int32_t status;
    int calls, drops;
    char query[1024];
    scimdb_found *kept;
};

static scimdb_code look(void *userdata, const char *query, size_t query_n, scimdb_found *found) {
    struct directory *directory = userdata;
    char id[64], name[32];
    directory->calls++;
    CHECK(query_n < sizeof directory->query);
    memcpy(directory->query, query, query_n);
    directory->query[query_n] = '\0';
    directory->kept = found;
    snprintf(name, sizeof name, "within%d", directory->calls);
    make_user(directory->db, name, id);
    CHECK_INT(scimdb_close(directory->db), SCIMDB_MISUSE);
    CHECK_INT(scimdb_found_add(found, L("{" AS_USER "\"userName\":\"eve\"}")), SCIMDB_OK);
    CHECK_INT(scimdb_found_add(found, L("{" AS_USER "\"userName\":\"not asked for\"}")), SCIMDB_OK);
    if (directory->status != 0) {
        CHECK_INT(scimdb_found_fail(found, directory->status, S("the directory is asleep")), SCIMDB_OK);
    }
    return directory->answer;
}

static void drop_directory(void *userdata) {
    ((struct directory *)userdata)->drops++;
}

static void repositories_are_asked(void) {
    struct directory directory = {.db = open_memory()};
    scimdb_store *db = directory.db;
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    static const char search[] = "{\"filter\":\"userName eq \\\"eve\\\"\",\"searchRepositories\":true,\"count\":5}";
    OK(scimdb_tenant_configure(
        db, TENANT, L("{\"profile\":{\"name\":\"p\",\"repositories\":{\"resourceType\":\"User\"}}}"), &err));
    OK(scimdb_search(db, TENANT, USER, S(search), &out, &err));
    CHECK_AT(out.data, "totalResults", "0");
    OK(scimdb_set_repositories(db, look, &directory, drop_directory, &err));
    OK(scimdb_search(db, TENANT, USER, S(search), &out, &err));
    CHECK_AT(out.data, "totalResults", "1");
    CHECK_AT(out.data, "Resources/0/userName", "eve");
    CHECK_AT(directory.query, "tenant", "default");
    CHECK_AT(directory.query, "resourceType", "User");
    CHECK_AT(directory.query, "filter", "userName eq \"eve\"");
    CHECK_AT(directory.query, "count", "5");
    OK(scimdb_search(db, TENANT, USER, NONE, &out, &err));
    CHECK_INT(directory.calls, 1);
    /* What it found is over with its call. */
    CHECK_INT(scimdb_found_add(directory.kept, S("{}")), SCIMDB_MISUSE);
    directory.answer = SCIMDB_INTERNAL;
    FAILS(SCIMDB_UNAVAILABLE, scimdb_search(db, TENANT, USER, S(search), &out, &err));
    directory.status = 504;
    FAILS_WITH(SCIMDB_DEADLINE_EXCEEDED, scimdb_search(db, TENANT, USER, S(search), &out, &err));
    CHECK_HAS(scimdb_error_detail(err), "asleep");
    scimdb_error_free(err);
    err = NULL;
    CHECK_INT(directory.drops, 0);
    OK(scimdb_set_repositories(db, NULL, NULL, NULL, &err));
    CHECK_INT(directory.drops, 1);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void who_left_is_forgotten(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_create(
        db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\",\"externalId\":\"x1\"}"), L("{\"id\":\"a1\"}"), &out, &err));
    FAILS(SCIMDB_IN_USE, scimdb_forget(db, TENANT, USER, S("x1"), NONE, &out, &err));
    OK(scimdb_delete(db, TENANT, USER, S("a1"), NONE, &err));
    OK(scimdb_forget(db, TENANT, USER, S("x1"), L("{\"actor\":\"officer\"}"), &out, &err));
    CHECK_TEXT(out.data, "{\"resources\":1}");
    FAILS(SCIMDB_NOT_FOUND, scimdb_forget(db, TENANT, USER, S("x1"), NONE, &out, &err));
    OK(scimdb_changes(db, TENANT, 0, 10, 0, &out, &err));
    CHECK(strstr(out.data, "a1") == NULL && strstr(out.data, "officer") != NULL);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void values_are_encrypted_by_keys(void) {
    char *folder = folder_new();
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_open(S(folder), L("{\"valueKeys\":[" KEY_1 "]}"), &db, &err));
    OK(scimdb_tenant_configure(
        db, TENANT, L("{\"profile\":{\"name\":\"p\",\"encryption\":[{\"attribute\":\"nickName\"}]}}"), &err));
    OK(scimdb_create(
        db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\",\"nickName\":\"A\"}"), L("{\"id\":\"a1\"}"), &out, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    OK(scimdb_open(S(folder), L("{\"valueKeys\":[" KEY_2 "," KEY_1 "]}"), &db, &err));
    OK(scimdb_value_keys_rotate(db, &out, &err));
    CHECK_TEXT(out.data, "{\"rewritten\":1}");
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    OK(scimdb_open(S(folder), L("{\"valueKeys\":[" KEY_2 "]}"), &db, &err));
    OK(scimdb_get(db, TENANT, USER, S("a1"), NONE, &out, &err));
    CHECK_AT(out.data, "nickName", "A");
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    scimdb_store *none = NULL;
    FAILS_WITH(SCIMDB_INVALID_ARGUMENT, scimdb_open(S(":memory:"), L("{\"valueKeys\":[\"AQEBAQEB\"]}"), &none, &err));
    CHECK(strstr(scimdb_error_detail(err), "AQEB") == NULL);
    scimdb_error_free(err);
    err = NULL;
    FAILS(
        SCIMDB_INVALID_ARGUMENT,
        scimdb_open(S(":memory:"), L("{\"valueKeys\":[" KEY_1 "],\"valueKeysFile\":\"keys\"}"), &none, &err));
    CHECK(none == NULL);
    scimdb_buf_free(&out);
    folder_remove(folder);
}

static void what_a_profile_would_refuse_is_told(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    char id[64];
    make_user(db, "ann", id);
    OK(scimdb_profile_check(db, TENANT, NONE, &out, &err));
    CHECK_AT(out.data, "profile", "strict");
    CHECK_AT(out.data, "refused", "0");
    OK(scimdb_profile_check(
        db, TENANT,
        L("{\"name\":\"narrow\",\"attributes\":{\"User\":{\"displayName\":{\"required\":true}}}}"), &out, &err));
    CHECK_AT(out.data, "refused", "1");
    CHECK_AT(out.data, "counts/0/attribute", "displayName");
    CHECK_AT(out.data, "findings/0/id", id);
    CHECK_AT(out.data, "findings/0/rule", "required");
    FAILS(SCIMDB_INVALID_SYNTAX, scimdb_profile_check(db, TENANT, S("{"), &out, &err));
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test product_tests[] = {
    {"product: repositories are asked", repositories_are_asked},
    {"product: who left is forgotten", who_left_is_forgotten},
    {"product: values are encrypted by keys", values_are_encrypted_by_keys},
    {"product: what a profile would refuse is told", what_a_profile_would_refuse_is_told},
    END_OF_TESTS,
};
