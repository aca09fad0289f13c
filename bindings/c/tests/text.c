/* Text in, and buffers: lengths, bytes that are no UTF-8, buffers used again. */
#include "harness.h"

static void lengths_are_obeyed(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    /* No NUL anywhere: the text stands between two fences. */
    char fenced[] = {'X', 'X', 'a', '1', 'X', 'X'};
    OK(scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\"}"), L("{\"id\":\"a1\"}"), &out, &err));
    OK(scimdb_get(db, "default-and-more", 7, "Users", 4, fenced + 2, 2, NONE, &out, &err));
    CHECK_AT(out.data, "id", "a1");
    FAILS(SCIMDB_NOT_FOUND, scimdb_get(db, TENANT, USER, fenced + 2, 1, NONE, &out, &err));
    FAILS(SCIMDB_NOT_FOUND, scimdb_get(db, TENANT, USER, "a1\0b", 4, NONE, &out, &err));
    /* An exact piece of memory: one byte more would be found by the sanitizers. */
    char *exact = malloc(2);
    CHECK(exact != NULL);
    memcpy(exact, "a1", 2);
    OK(scimdb_get(db, TENANT, USER, exact, 2, NONE, &out, &err));
    free(exact);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void what_is_no_utf8_is_refused(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    const char *e_acute = "caf\xc3\xa9";
    FAILS(SCIMDB_NOT_FOUND, scimdb_get(db, TENANT, USER, e_acute, 5, NONE, &out, &err));
    /* Cut in the middle of the last character. */
    FAILS_WITH(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, e_acute, 4, NONE, &out, &err));
    CHECK_INT(scimdb_error_offset(err), 3);
    CHECK_HAS(scimdb_error_detail(err), "UTF-8");
    scimdb_error_free(err);
    err = NULL;
    const char *const bad[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "a\x80", "\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FAILS(SCIMDB_MISUSE, scimdb_get(db, S(bad[i]), USER, S("x"), NONE, &out, &err));
        FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, S(bad[i]), S("x"), NONE, &out, &err));
        FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, S(bad[i]), NONE, &out, &err));
        FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, S("x"), S(bad[i]), &out, &err));
    }
    scimdb_store *none = NULL;
    FAILS(SCIMDB_MISUSE, scimdb_open(S("\xff\xfe"), NONE, &none, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(S(":memory:"), S("{\"holder\":\"\xff\"}"), &none, &err));
    CHECK(out.data == NULL && none == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void lengths_that_cannot_be_are_refused(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, NULL, 1, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, "x", SCIMDB_NTS - 1, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_get(db, TENANT, USER, "x", SIZE_MAX / 2 + 1, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_create(db, TENANT, USER, NULL, 12, NONE, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_create(db, TENANT, USER, "{}", SCIMDB_NTS - 1, NONE, &out, &err));
    scimdb_store *none = NULL;
    FAILS(SCIMDB_MISUSE, scimdb_open(":memory:", SCIMDB_NTS - 1, NONE, &none, &err));
    FAILS(SCIMDB_MISUSE, scimdb_open(S(":memory:"), "{}", SIZE_MAX / 2 + 1, &none, &err));
    CHECK(out.data == NULL && none == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void a_buffer_is_used_again(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    char json[70000];
    const int sizes[] = {1, 60000, 2, 30000, 0, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int n = snprintf(json, sizeof json, "{" AS_USER "\"userName\":\"u%d\",\"displayName\":\"x", (int)i);
        memset(json + n, 'y', (size_t)sizes[i]);
        strcpy(json + n + sizes[i], "\"}");
        OK(scimdb_create(db, TENANT, USER, S(json), NONE, &out, &err));
        CHECK_INT(strlen(out.data), out.len);
        CHECK(out.len < out.cap);
        char *name = at(out.data, "displayName");
        CHECK_INT(strlen(name), sizes[i] + 1);
        free(name);
        /* What is in it may be overwritten at will. */
        memset(out.data, '~', out.len);
    }
    /* A failure leaves it as it is. */
    const scimdb_buf before = out;
    FAILS(SCIMDB_NOT_FOUND, scimdb_get(db, TENANT, USER, S("none"), NONE, &out, &err));
    CHECK(out.data == before.data && out.len == before.len && out.cap == before.cap && out.data[0] == '~');
    /* Its length is the callee's: a wrong one does no harm. */
    out.len = 0;
    OK(scimdb_stats(db, &out, &err));
    CHECK_INT(strlen(out.data), out.len);
    scimdb_buf_free(&out);
    CHECK(out.data == NULL && out.len == 0 && out.cap == 0);
    scimdb_buf_free(&out);
    scimdb_buf_free(NULL);
    /* A buffer outlives the store. */
    OK(scimdb_stats(db, &out, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_INT(strlen(out.data), out.len);
    scimdb_buf_free(&out);
}

static void a_buffer_that_was_never_begun_is_refused(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf lengths_without_data = {NULL, 5, 10}, longer_than_room = {(char *)"abc", 9, 3};
    FAILS(SCIMDB_MISUSE, scimdb_stats(db, &lengths_without_data, &err));
    FAILS(SCIMDB_MISUSE, scimdb_stats(db, &longer_than_room, &err));
    FAILS(SCIMDB_MISUSE, scimdb_stats(db, NULL, &err));
    scimdb_iter *iter = NULL;
    OK(scimdb_iter_open(db, TENANT, USER, NONE, &iter, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many(iter, 1, 1, &lengths_without_data, &err));
    FAILS(SCIMDB_MISUSE, scimdb_iter_next_many(iter, 1, 1, &longer_than_room, &err));
    scimdb_iter_free(iter);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void every_character_comes_back(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    const char *name =
        "\xe6\x97\xa5\xe6\x9c\xac \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac \" \\ /";
    json_t *json = json_pack(
        "{s:[s],s:s,s:s}", "schemas", "urn:ietf:params:scim:schemas:core:2.0:User", "userName", "ann", "displayName",
        name);
    char *text = json_dumps(json, 0);
    OK(scimdb_create(db, TENANT, USER, S(text), L("{\"id\":\"\xc3\xa9\"}"), &out, &err));
    CHECK_AT(out.data, "displayName", name);
    CHECK_AT(out.data, "id", "\xc3\xa9");
    free(text);
    json_decref(json);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test text_tests[] = {
    {"text: lengths are obeyed", lengths_are_obeyed},
    {"text: what is no UTF-8 is refused", what_is_no_utf8_is_refused},
    {"text: lengths that cannot be are refused", lengths_that_cannot_be_are_refused},
    {"text: a buffer is used again", a_buffer_is_used_again},
    {"text: a buffer that was never begun is refused", a_buffer_that_was_never_begun_is_refused},
    {"text: every character comes back", every_character_comes_back},
    END_OF_TESTS,
};
