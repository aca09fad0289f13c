/* Search, explain, iterators. */
#include "harness.h"

static scimdb_store *with_users(int count) {
    scimdb_store *db = open_memory();
    char id[64], name[32];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "user%03d", i);
        make_user(db, name, id);
    }
    return db;
}

static void a_search_answers_a_list(void) {
    scimdb_store *db = with_users(25);
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_search(
        db, TENANT, USER,
        L("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"],\"filter\":\"userName sw \\\"user01\\\"\","
          "\"sortBy\":\"userName\",\"sortOrder\":\"descending\",\"startIndex\":2,\"count\":3,\"attributes\":[\"userName\"]}"),
        &out, &err));
    CHECK_AT(out.data, "totalResults", "10");
    CHECK_AT(out.data, "itemsPerPage", "3");
    CHECK_AT(out.data, "startIndex", "2");
    CHECK_AT(out.data, "Resources/0/userName", "user018");
    /* Without a type, and without a request: everything. */
    OK(scimdb_search(db, TENANT, NONE, NONE, &out, &err));
    CHECK_AT(out.data, "totalResults", "25");
    OK(scimdb_explain(db, TENANT, USER, L("{\"filter\":\"userName eq \\\"user001\\\"\"}"), &out, &err));
    json_t *explained = json_of(&out);
    CHECK(json_is_object(explained));
    json_decref(explained);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void a_wrong_search_is_refused_at_its_byte(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_iter *iter = NULL;
    const char *request = "{\"filter\":\"userName eq \\\"a\\\" and\"}";
    scimdb_code (*const searches[])(
        const scimdb_store *, const char *, size_t, const char *, size_t, const char *, size_t, scimdb_buf *,
        scimdb_error **) = {scimdb_search, scimdb_explain};
    for (size_t i = 0; i < 2; i++) {
        FAILS_WITH(SCIMDB_INVALID_FILTER, searches[i](db, TENANT, USER, S(request), &out, &err));
        CHECK_INT(scimdb_error_offset(err), 19);
        scimdb_error_free(err);
        err = NULL;
        FAILS(SCIMDB_INVALID_SYNTAX, searches[i](db, TENANT, USER, L("{\"filtr\":\"\"}"), &out, &err));
        FAILS(SCIMDB_UNKNOWN_TYPE, searches[i](db, TENANT, S("Car"), L("{}"), &out, &err));
    }
    FAILS(SCIMDB_INVALID_FILTER, scimdb_iter_open(db, TENANT, USER, S(request), &iter, &err));
    FAILS(SCIMDB_UNKNOWN_TENANT, scimdb_iter_open(db, S("nobody"), USER, L("{}"), &iter, &err));
    CHECK(iter == NULL && out.data == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void an_iterator_gives_what_a_search_finds(void) {
    scimdb_store *db = with_users(120);
    scimdb_error *err = NULL;
    scimdb_iter *iter = NULL;
    OK(scimdb_iter_open(db, TENANT, USER, L("{\"sortBy\":\"userName\",\"attributes\":[\"userName\"]}"), &iter, &err));
    /* What is written while it is open is not in it. */
    char id[64], name[32];
    make_user(db, "aaa", id);
    const char *json = NULL;
    size_t json_n = 0;
    for (int i = 0; i < 120; i++) {
        OK(scimdb_iter_next(iter, &json, &json_n, &err));
        snprintf(name, sizeof name, "user%03d", i);
        json_t *user = json_loadb(json, json_n, 0, NULL);
        CHECK(user != NULL);
        CHECK_TEXT(json_string_value(json_object_get(user, "userName")), name);
        json_decref(user);
    }
    json = NULL;
    json_n = 7;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(scimdb_iter_next(iter, &json, &json_n, &err), SCIMDB_DONE);
        CHECK(err == NULL && json == NULL && json_n == 7);
    }
    scimdb_iter_free(iter);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void many_are_given_at_once(void) {
    scimdb_store *db = with_users(50);
    scimdb_error *err = NULL;
    scimdb_iter *iter = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_iter_open(db, TENANT, USER, L("{\"sortBy\":\"userName\",\"attributes\":[\"userName\"]}"), &iter, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many(iter, 10, 1000, NULL, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many(NULL, 10, 1000, &out, &err));
    CHECK(out.data == NULL);
    /* One by one, by their number, by their size, and all that are left. */
    const struct {
        uint32_t max;
        size_t max_bytes;
        int least, most;
    } asked[] = {
        {1, SIZE_MAX, 1, 1}, {7, SIZE_MAX, 7, 7}, {1000, 1, 1, 1}, {1000, 1000, 2, 20}, {UINT32_MAX, SIZE_MAX, 21, 50}};
    int found = 0;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        int lines = 0;
        OK(scimdb_iter_next_many(iter, asked[i].max, asked[i].max_bytes, &out, &err));
        CHECK(out.data[out.len - 1] == '\n');
        for (char *line = strtok(out.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            char name[32];
            snprintf(name, sizeof name, "user%03d", found++);
            CHECK_AT(line, "userName", name);
            lines++;
        }
        CHECK(lines >= asked[i].least && lines <= asked[i].most);
    }
    CHECK_INT(found, 50);
    CHECK_INT(scimdb_iter_next_many(iter, 10, 1000, &out, &err), SCIMDB_DONE);
    const char *json = NULL;
    size_t json_n = 0;
    CHECK_INT(scimdb_iter_next(iter, &json, &json_n, &err), SCIMDB_DONE);
    scimdb_iter_free(iter);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void an_iterator_is_given_up_early(void) {
    scimdb_store *db = with_users(10);
    scimdb_error *err = NULL;
    const char *json = NULL;
    size_t json_n = 0;
    for (int i = 0; i < 50; i++) {
        scimdb_iter *iter = NULL;
        OK(scimdb_iter_open(db, TENANT, NONE, NONE, &iter, &err));
        for (int j = 0; j < i % 10; j++) {
            OK(scimdb_iter_next(iter, &json, &json_n, &err));
        }
        scimdb_iter_free(iter);
    }
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void an_iterator_ends_with_its_store(void) {
    char *folder = folder_new();
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    OK(scimdb_open(S(folder), NONE, &db, &err));
    char id[64];
    make_user(db, "ann", id);
    scimdb_iter *iter = NULL, *begun = NULL;
    const char *json = NULL;
    size_t json_n = 0;
    OK(scimdb_iter_open(db, TENANT, USER, NONE, &iter, &err));
    OK(scimdb_iter_open(db, TENANT, USER, NONE, &begun, &err));
    OK(scimdb_iter_next(begun, &json, &json_n, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    /* The store is closed for good: another one can open it while the iterators are not freed. */
    OK(scimdb_open(S(folder), NONE, &db, &err));
    json = "kept";
    scimdb_code code = scimdb_iter_next(iter, &json, &json_n, &err);
    CHECK(code == SCIMDB_MISUSE || code == SCIMDB_UNAVAILABLE);
    CHECK_INT(scimdb_error_code(err), code);
    CHECK_TEXT(json, "kept");
    scimdb_error_free(err);
    err = NULL;
    CHECK_INT(scimdb_iter_next(begun, &json, &json_n, NULL), code);
    scimdb_iter_free(iter);
    scimdb_iter_free(begun);
    CHECK_INT(count_users(db), 1);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

const struct test query_tests[] = {
    {"query: a search answers a list", a_search_answers_a_list},
    {"query: a wrong search is refused at its byte", a_wrong_search_is_refused_at_its_byte},
    {"query: an iterator gives what a search finds", an_iterator_gives_what_a_search_finds},
    {"query: many are given at once", many_are_given_at_once},
    {"query: an iterator is given up early", an_iterator_is_given_up_early},
    {"query: an iterator ends with its store", an_iterator_ends_with_its_store},
    END_OF_TESTS,
};
