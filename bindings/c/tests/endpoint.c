/* scimdb_handle: the whole SCIM endpoint without a socket. */
#include "harness.h"

static void a_user_goes_through_the_endpoint(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf headers = SCIMDB_BUF_INIT, body = SCIMDB_BUF_INIT;
    int32_t status = 0;
    OK(scimdb_handle(
        db, TENANT, S("POST"), S("/Users"), L("{\"Content-Type\":\"application/scim+json\"}"),
        L("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ann\"}"),
        L("{\"base\":\"https://id.example.com/scim/v2\",\"actor\":\"check\"}"), &status, &headers, &body, &err));
    CHECK_INT(status, 201);
    CHECK_AT(body.data, "userName", "ann");
    char *location = at(headers.data, "location");
    CHECK_HAS(location, "https://id.example.com/scim/v2/Users/");
    CHECK_AT(body.data, "meta/location", location);
    char *type = at(headers.data, "content-type");
    CHECK_HAS(type, "application/scim+json");
    char *etag = at(headers.data, "etag");
    CHECK(etag != NULL);

    /* Headers may be an array of pairs as well: that keeps what stands twice. */
    const char *target = strstr(location, "/Users/");
    const char *pairs = "[[\"If-None-Match\",\"W/\\\"none\\\"\"]]";
    OK(scimdb_handle(db, TENANT, S("GET"), S(target), S(pairs), NONE, NONE, &status, &headers, &body, &err));
    CHECK_INT(status, 200);
    json_t *pair = json_pack("[[s,s]]", "If-None-Match", etag);
    char *same = json_dumps(pair, JSON_COMPACT);
    OK(scimdb_handle(db, TENANT, S("GET"), S(target), S(same), NONE, NONE, &status, &headers, &body, &err));
    CHECK_INT(status, 304);
    CHECK_INT(body.len, 0);
    CHECK_TEXT(body.data, "");
    json_decref(pair);
    free(same);

    OK(scimdb_handle(db, TENANT, S("DELETE"), S(target), NONE, NONE, NONE, &status, &headers, &body, &err));
    CHECK_INT(status, 204);
    free(location);
    free(type);
    free(etag);
    scimdb_buf_free(&headers);
    scimdb_buf_free(&body);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void what_is_wrong_with_a_request_is_an_answer(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf headers = SCIMDB_BUF_INIT, body = SCIMDB_BUF_INIT;
    int32_t status = 0;
    const struct {
        const char *method, *target, *headers, *body;
        int32_t status;
    } cases[] = {
        {"GET", "/Users/none", NULL, NULL, 404},
        {"GET", "/Users?filter=userName%20qq%20%22a%22", NULL, NULL, 400},
        {"GET", "/Nothing", NULL, NULL, 404},
        {"POST", "/Users", "{\"content-type\":\"application/scim+json\"}", "{", 400},
        {"POST", "/Users", "{\"content-type\":\"text/plain\"}", "hello", 415},
        {"PUT", "/ServiceProviderConfig", "{\"content-type\":\"application/scim+json\"}", "{}", 405},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OK(scimdb_handle(
            db, TENANT, S(cases[i].method), S(cases[i].target), S(cases[i].headers), S(cases[i].body), NONE, &status,
            &headers, &body, &err));
        CHECK_INT(status, cases[i].status);
        char text[16];
        snprintf(text, sizeof text, "%d", (int)cases[i].status);
        CHECK_AT(body.data, "status", text);
        CHECK_AT(body.data, "schemas/0", "urn:ietf:params:scim:api:messages:2.0:Error");
    }
    /* A body is bytes: what is no UTF-8 in it is the client's mistake, not the host's. */
    OK(scimdb_handle(
        db, TENANT, S("POST"), S("/Users"), L("{\"content-type\":\"application/scim+json\"}"),
        L("{" AS_USER "\"userName\":\"\xff\"}"), NONE, &status, &headers, &body, &err));
    CHECK_INT(status, 400);
    CHECK_AT(body.data, "scimType", "invalidSyntax");
    /* As is one that is too large. */
    OK(scimdb_handle(
        db, TENANT, S("POST"), S("/Users"), L("{\"content-type\":\"application/scim+json\"}"),
        L("{" AS_USER "\"userName\":\"somebody\"}"), L("{\"maxBodyBytes\":10}"), &status, &headers, &body, &err));
    CHECK_INT(status, 413);
    scimdb_buf_free(&headers);
    scimdb_buf_free(&body);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void who_calls_is_looked_at_where_the_host_asks_for_it(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf headers = SCIMDB_BUF_INIT, body = SCIMDB_BUF_INIT, token = SCIMDB_BUF_INIT;
    int32_t status = 0;
    OK(scimdb_token_create(db, TENANT, S("reader"), L("{\"scope\":\"read\"}"), &token, &err));
    char *secret = at(token.data, "secret");
    char bearer[256];
    snprintf(
        bearer, sizeof bearer, "{\"Authorization\":\"Bearer %s\",\"Content-Type\":\"application/scim+json\"}", secret);
    const char *context = "{\"authenticate\":true}";
    OK(scimdb_handle(db, TENANT, S("GET"), S("/Users"), NONE, NONE, S(context), &status, &headers, &body, &err));
    CHECK_INT(status, 401);
    char *challenge = at(headers.data, "www-authenticate");
    CHECK_HAS(challenge, "Bearer");
    free(challenge);
    OK(scimdb_handle(
        db, TENANT, S("GET"), S("/Users"), L("{\"authorization\":\"Bearer wrong\"}"), NONE, S(context), &status,
        &headers, &body, &err));
    CHECK_INT(status, 401);
    OK(scimdb_handle(db, TENANT, S("GET"), S("/Users"), S(bearer), NONE, S(context), &status, &headers, &body, &err));
    CHECK_INT(status, 200);
    OK(scimdb_handle(
        db, TENANT, S("POST"), S("/Users"), S(bearer), L("{" AS_USER "\"userName\":\"ann\"}"), S(context), &status,
        &headers, &body, &err));
    CHECK_INT(status, 403);
    /* The host may have authenticated the caller itself, and say what it may do. */
    OK(scimdb_handle(
        db, TENANT, S("POST"), S("/Users"), L("{\"content-type\":\"application/scim+json\"}"),
        L("{" AS_USER "\"userName\":\"ann\"}"), L("{\"scope\":\"read\"}"), &status, &headers, &body, &err));
    CHECK_INT(status, 403);
    free(secret);
    scimdb_buf_free(&headers);
    scimdb_buf_free(&body);
    scimdb_buf_free(&token);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void a_host_that_calls_wrongly_gets_an_error(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf headers = SCIMDB_BUF_INIT, body = SCIMDB_BUF_INIT;
    int32_t status = 77;
    FAILS(
        SCIMDB_INVALID_ARGUMENT,
        scimdb_handle(
            db, TENANT, S("GET"), S("/Users"), NONE, NONE, L("{\"bas\":\"\"}"), &status, &headers, &body, &err));
    FAILS(
        SCIMDB_INVALID_ARGUMENT,
        scimdb_handle(
            db, TENANT, S("GET"), S("/Users"), NONE, NONE, L("{\"scope\":\"all\"}"), &status, &headers, &body, &err));
    FAILS(
        SCIMDB_INVALID_ARGUMENT,
        scimdb_handle(db, TENANT, S("GET"), S("/Users"), L("\"accept\""), NONE, NONE, &status, &headers, &body, &err));
    FAILS(
        SCIMDB_MISUSE,
        scimdb_handle(db, TENANT, NULL, 0, S("/Users"), NONE, NONE, NONE, &status, &headers, &body, &err));
    FAILS(
        SCIMDB_MISUSE, scimdb_handle(db, TENANT, S("GET"), NULL, 0, NONE, NONE, NONE, &status, &headers, &body, &err));
    FAILS(
        SCIMDB_MISUSE, scimdb_handle(db, TENANT, S("GET"), S("/Users"), NONE, NONE, NONE, NULL, &headers, &body, &err));
    FAILS(
        SCIMDB_MISUSE, scimdb_handle(db, TENANT, S("GET"), S("/Users"), NONE, NONE, NONE, &status, NULL, &body, &err));
    FAILS(
        SCIMDB_MISUSE,
        scimdb_handle(db, TENANT, S("GET"), S("/Users"), NONE, NONE, NONE, &status, &headers, NULL, &err));
    FAILS(
        SCIMDB_MISUSE,
        scimdb_handle(NULL, TENANT, S("GET"), S("/Users"), NONE, NONE, NONE, &status, &headers, &body, &err));
    CHECK_INT(status, 77);
    CHECK(headers.data == NULL && body.data == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test endpoint_tests[] = {
    {"endpoint: a user goes through the endpoint", a_user_goes_through_the_endpoint},
    {"endpoint: what is wrong with a request is an answer", what_is_wrong_with_a_request_is_an_answer},
    {"endpoint: who calls is looked at where the host asks for it", who_calls_is_looked_at_where_the_host_asks_for_it},
    {"endpoint: a host that calls wrongly gets an error", a_host_that_calls_wrongly_gets_an_error},
    END_OF_TESTS,
};
