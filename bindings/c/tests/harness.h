/* What the tests of the C ABI share: checks that say where they failed, short names for arguments, JSON by path.
   A test that fails ends the program, so that nothing after it goes on with what is not as it should be. */
#ifndef HARNESS_H
#define HARNESS_H

#include <jansson.h>
#include <pthread.h>
#include <scimdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
};

/* The end of a list of tests. */
#define END_OF_TESTS {NULL, NULL}

/* A text that ends with a NUL, and one of a literal's length; an argument that is left out. */
#define S(text) (text), SCIMDB_NTS
#define L(literal) ("" literal), (sizeof(literal) - 1)
#define NONE NULL, 0
/* The tenant of most tests. */
#define TENANT "default", SCIMDB_NTS
#define USER "User", SCIMDB_NTS

/* What the JSON of a user and of a group begins with. */
#define AS_USER "\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],"
#define AS_GROUP "\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],"

#define CHECK(condition) check_true((condition) ? true : false, #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected) check_int((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_HAS(actual, part) check_has((actual), (part), #actual, __FILE__, __LINE__)

/* A call that has the last argument `&err`, and must succeed. */
#define OK(call) check_code((call), SCIMDB_OK, &err, #call, __FILE__, __LINE__)
/* The same that must fail with a code: the error is looked at and freed. */
#define FAILS(code, call) check_code((call), (code), &err, #call, __FILE__, __LINE__)
/* The same, which leaves the error for the test to look at. */
#define FAILS_WITH(code, call) check_code((call), (code), NULL, #call, __FILE__, __LINE__)

void check_true(bool condition, const char *what, const char *file, int line);
void check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line);
void check_text(const char *actual, const char *expected, const char *what, const char *file, int line);
void check_has(const char *actual, const char *part, const char *what, const char *file, int line);
void check_code(
    scimdb_code actual, scimdb_code expected, scimdb_error **err, const char *what, const char *file, int line);

/* A store in memory; a new empty folder, and its end with all that is in it. */
scimdb_store *open_memory(void);
char *folder_new(void);
void folder_remove(char *folder);

/* A JSON text, parsed; freed with json_decref. */
json_t *json_of(const scimdb_buf *buf);
/* What stands in a JSON text at a path such as "Resources/0/userName": a copy as text, freed with free; NULL: nothing.
 */
char *at(const char *json, const char *path);
/* Checks what stands there. */
#define CHECK_AT(json, path, expected) check_at((json), (path), (expected), __FILE__, __LINE__)
void check_at(const char *json, const char *path, const char *expected, const char *file, int line);

/* Makes a user, whose id is put into `id`. */
void make_user(scimdb_store *db, const char *user_name, char id[64]);
/* How many users there are. */
int64_t count_users(scimdb_store *db);

/* For counting how often the library dropped a callback's data. */
void count_drop(void *counter);

void sleep_ms(int ms);
/* Waits until `*flag` is at least `least`, 20 seconds at most. */
void wait_for(const int *flag, int least, const char *what);
int read_flag(const int *flag);
void raise_flag(int *flag);

/* Whether the tests run under valgrind or a sanitizer, which need more time: loops are shorter then. */
bool is_slow(void);

#endif
