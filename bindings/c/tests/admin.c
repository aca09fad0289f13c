/* Schemas, tenants, tokens. */
#include "harness.h"

static const char CAR[] =
    "[{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Schema\"],\"id\":\"urn:example:Car\",\"name\":\"Car\",\"attributes\":"
    "[{\"name\":\"plate\",\"type\":\"string\",\"multiValued\":false,\"required\":true,\"caseExact\":true,\"mutability\":\"readWrite\","
    "\"returned\":\"default\",\"uniqueness\":\"server\"}]},"
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:ResourceType\"],\"id\":\"Car\",\"name\":\"Car\",\"endpoint\":\"/Cars\","
    "\"schema\":\"urn:example:Car\"}]";

static void schemas_come_and_go(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_schema_list(db, TENANT, &out, &err));
    json_t *list = json_of(&out);
    size_t schemas = json_array_size(json_object_get(list, "schemas"));
    CHECK(schemas >= 3);
    CHECK(json_array_size(json_object_get(list, "resourceTypes")) >= 2);
    json_decref(list);
    OK(scimdb_schema_put(db, TENANT, S(CAR), &err));
    OK(scimdb_create(
        db, TENANT, S("Car"), L("{\"schemas\":[\"urn:example:Car\"],\"plate\":\"B-1\"}"), L("{\"id\":\"c1\"}"), &out,
        &err));
    CHECK_AT(out.data, "plate", "B-1");
    OK(scimdb_schema_list(db, TENANT, &out, &err));
    CHECK_HAS(out.data, "urn:example:Car");
    FAILS(SCIMDB_IN_USE, scimdb_schema_remove(db, TENANT, S("Car"), &err));
    OK(scimdb_delete(db, TENANT, S("Car"), S("c1"), NONE, &err));
    OK(scimdb_schema_remove(db, TENANT, S("Car"), &err));
    OK(scimdb_schema_remove(db, TENANT, S("urn:example:Car"), &err));
    FAILS(SCIMDB_UNKNOWN_TYPE, scimdb_schema_remove(db, TENANT, S("urn:example:Car"), &err));
    FAILS(SCIMDB_UNKNOWN_TYPE, scimdb_get(db, TENANT, S("Car"), S("c1"), NONE, &out, &err));
    CHECK(scimdb_schema_put(db, TENANT, S("{\"id\":5}"), NULL) != SCIMDB_OK);
    CHECK(scimdb_schema_put(db, TENANT, S("["), NULL) != SCIMDB_OK);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void tenants_are_apart(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_tenant_create(db, S("acme"), L("{\"profile\":\"entra\"}"), &err));
    FAILS(SCIMDB_ALREADY_EXISTS, scimdb_tenant_create(db, S("acme"), NONE, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_tenant_create(db, S("no name"), NONE, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_tenant_create(db, S("other"), L("{\"profil\":\"entra\"}"), &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_tenant_create(db, S("other"), L("{\"profile\":\"none\"}"), &err));
    OK(scimdb_create(db, S("acme"), USER, L("{" AS_USER "\"userName\":\"ann\"}"), L("{\"id\":\"a1\"}"), &out, &err));
    FAILS(SCIMDB_NOT_FOUND, scimdb_get(db, TENANT, USER, S("a1"), NONE, &out, &err));
    OK(scimdb_tenant_list(db, &out, &err));
    json_t *list = json_of(&out);
    const json_t *tenants = json_object_get(list, "tenants");
    CHECK_INT(json_array_size(tenants), 2);
    bool is_found = false;
    size_t index;
    json_t *tenant;
    json_array_foreach(tenants, index, tenant) {
        if (strcmp(json_string_value(json_object_get(tenant, "name")), "acme") == 0) {
            CHECK_TEXT(json_string_value(json_object_get(tenant, "profile")), "entra");
            is_found = true;
        }
    }
    CHECK(is_found);
    json_decref(list);
    OK(scimdb_tenant_configure(db, S("acme"), L("{\"profile\":\"strict\"}"), &err));
    FAILS(SCIMDB_UNKNOWN_TENANT, scimdb_tenant_configure(db, S("nobody"), L("{\"profile\":\"strict\"}"), &err));
    OK(scimdb_tenant_drop(db, S("acme"), &err));
    FAILS(SCIMDB_UNKNOWN_TENANT, scimdb_tenant_drop(db, S("acme"), &err));
    FAILS(SCIMDB_UNKNOWN_TENANT, scimdb_get(db, S("acme"), USER, S("a1"), NONE, &out, &err));
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void tokens_open_doors(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_token_create(db, TENANT, S("okta"), L("{\"scope\":\"write\",\"lifetimeSeconds\":3600}"), &out, &err));
    CHECK_AT(out.data, "name", "okta");
    char *secret = at(out.data, "secret");
    CHECK(strlen(secret) >= 32);
    OK(scimdb_authenticate(db, S(secret), &out, &err));
    CHECK_AT(out.data, "tenant", "default");
    CHECK_AT(out.data, "name", "okta");
    CHECK_AT(out.data, "scope", "write");
    FAILS(SCIMDB_UNAUTHENTICATED, scimdb_authenticate(db, S("wrong"), &out, &err));
    OK(scimdb_token_list(db, TENANT, &out, &err));
    CHECK_AT(out.data, "tokens/0/name", "okta");
    CHECK(strstr(out.data, secret) == NULL);
    FAILS(SCIMDB_ALREADY_EXISTS, scimdb_token_create(db, TENANT, S("okta"), NONE, &out, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_token_create(db, TENANT, S("x"), L("{\"scope\":\"all\"}"), &out, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_token_create(db, TENANT, S(""), NONE, &out, &err));
    OK(scimdb_token_regenerate(db, TENANT, S("okta"), &out, &err));
    FAILS(SCIMDB_UNAUTHENTICATED, scimdb_authenticate(db, S(secret), &out, &err));
    free(secret);
    secret = at(out.data, "secret");
    OK(scimdb_authenticate(db, S(secret), &out, &err));
    FAILS(SCIMDB_NOT_FOUND, scimdb_token_regenerate(db, TENANT, S("none"), &out, &err));
    OK(scimdb_token_revoke(db, TENANT, S("okta"), &err));
    FAILS(SCIMDB_NOT_FOUND, scimdb_token_revoke(db, TENANT, S("okta"), &err));
    FAILS(SCIMDB_UNAUTHENTICATED, scimdb_authenticate(db, S(secret), &out, &err));
    free(secret);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test admin_tests[] = {
    {"admin: schemas come and go", schemas_come_and_go},
    {"admin: tenants are apart", tenants_are_apart},
    {"admin: tokens open doors", tokens_open_doors},
    END_OF_TESTS,
};
