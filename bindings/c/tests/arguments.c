/* Every parameter of the header that takes text or bytes, one after the other, with what is no text, or not the one
   that is wanted. All else in the call is as it should be: the last call of each shows that. */
#include "harness.h"

#include <sys/mman.h>
#include <unistd.h>

struct text {
    const char *data;
    size_t n;
};

/* What a call is to write to: as it was, where the call fails. */
struct place {
    scimdb_buf first, second;
    int32_t number;
    void *handle;
};

/* A parameter: what is right for it, and what is answered to NULL, to what is no UTF-8, to a NUL inside, to nothing. */
struct parameter {
    const char *name, *valid;
    scimdb_code null, garbled, nul, empty;
};

struct function {
    const char *name;
    scimdb_code (*call)(scimdb_store *db, const struct text *t, struct place *p, scimdb_error **err);
    struct parameter parameters[6];
};

#define GROUP "{" AS_GROUP "\"displayName\":\"g\"}"
#define MESSAGE(name) "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:" name "\"],"
#define SCHEMA                                                                                                         \
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Schema\"],\"id\":\"urn:example:Car\",\"name\":\"Car\","     \
    "\"attributes\":[{\"name\":\"plate\",\"type\":\"string\"}]}"

#define PATCH MESSAGE("PatchOp") "\"Operations\":[{\"op\":\"add\",\"path\":\"title\",\"value\":\"x\"}]}"
#define BULK                                                                                                           \
    MESSAGE("BulkRequest")                                                                                             \
    "\"Operations\":[{\"method\":\"POST\",\"bulkId\":\"1\",\"path\":\"/Groups\",\"data\":" GROUP "}]}"

#define T(i) t[i].data, t[i].n
#define CALL(name) static scimdb_code name(scimdb_store *db, const struct text *t, struct place *p, scimdb_error **err)

/* A token's secret, the name of an import, where a copy of the store goes: made before the table is used. */
static char secret[256], queued[64], copy[4200];

CALL(open) {
    (void)db;
    scimdb_store *made = p->handle;
    scimdb_code code = scimdb_open(T(0), T(1), &made, err);
    if (code == SCIMDB_OK) {
        CHECK_INT(scimdb_close(made), SCIMDB_OK);
    } else {
        p->handle = made;
    }
    return code;
}

/* A request that is refused is an answer: its status is told instead of SCIMDB_OK. */
CALL(handle) {
    scimdb_code code = scimdb_handle(db, T(0), T(1), T(2), T(3), T(4), T(5), &p->number, &p->first, &p->second, err);
    return code == SCIMDB_OK && p->number >= 400 ? p->number : code;
}

CALL(get) {
    return scimdb_get(db, T(0), T(1), T(2), T(3), &p->first, err);
}

CALL(create) {
    return scimdb_create(db, T(0), T(1), T(2), T(3), &p->first, err);
}

CALL(replace) {
    return scimdb_replace(db, T(0), T(1), T(2), T(3), T(4), &p->first, err);
}

CALL(patch) {
    return scimdb_patch(db, T(0), T(1), T(2), T(3), T(4), &p->first, err);
}

CALL(delete) {
    (void)p;
    scimdb_buf out = SCIMDB_BUF_INIT;
    (void)scimdb_create(db, TENANT, S("Group"), S(GROUP), S("{\"id\":\"gone\"}"), &out, NULL);
    scimdb_buf_free(&out);
    return scimdb_delete(db, T(0), T(1), T(2), T(3), err);
}

CALL(verify_password) {
    return scimdb_verify_password(db, T(0), T(1), T(2), T(3), &p->number, err);
}

CALL(search) {
    return scimdb_search(db, T(0), T(1), T(2), &p->first, err);
}

CALL(explain) {
    return scimdb_explain(db, T(0), T(1), T(2), &p->first, err);
}

CALL(iterate) {
    scimdb_iter *made = p->handle;
    scimdb_code code = scimdb_iter_open(db, T(0), T(1), T(2), &made, err);
    if (code == SCIMDB_OK) {
        scimdb_iter_free(made);
    } else {
        p->handle = made;
    }
    return code;
}

CALL(bulk) {
    return scimdb_bulk(db, T(0), T(1), T(2), &p->first, err);
}

CALL(import) {
    scimdb_import *made = p->handle;
    scimdb_code code = scimdb_import_open(db, T(0), T(1), &made, err);
    if (code == SCIMDB_OK) {
        scimdb_import_free(made);
    } else {
        p->handle = made;
    }
    return code;
}

CALL(feed) {
    (void)p;
    scimdb_import *import = NULL;
    CHECK_INT(scimdb_import_open(db, TENANT, NONE, &import, NULL), SCIMDB_OK);
    scimdb_code code = scimdb_import_feed(import, T(0), err);
    scimdb_import_free(import);
    return code;
}

CALL(job_get) {
    return scimdb_job_get(db, T(0), T(1), T(2), &p->first, err);
}

CALL(job_list) {
    return scimdb_job_list(db, T(0), &p->first, err);
}

CALL(changes) {
    return scimdb_changes(db, T(0), 0, 10, 0, &p->first, err);
}

/* What a hook says, and what the library answers to it. */
struct saying {
    const struct text *t;
    bool is_refusal;
    scimdb_code code;
};

static scimdb_code say(void *userdata, const char *write, size_t write_n, scimdb_decision *decision) {
    (void)write, (void)write_n;
    struct saying *saying = userdata;
    const struct text *t = saying->t;
    saying->code =
        saying->is_refusal ? scimdb_decision_refuse(decision, 400, T(0), T(1)) : scimdb_decision_set(decision, T(0));
    return SCIMDB_OK;
}

static scimdb_code say_in_a_hook(scimdb_store *db, struct saying saying) {
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    OK(scimdb_set_hooks(db, say, NULL, &saying, NULL, &err));
    saying.code = SCIMDB_INTERNAL;
    scimdb_code code = scimdb_create(db, TENANT, S("Group"), S(GROUP), NONE, &out, NULL);
    /* A decision that is not taken leaves the write as it was. */
    CHECK_INT(code, saying.is_refusal && saying.code == SCIMDB_OK ? SCIMDB_INVALID_VALUE : SCIMDB_OK);
    OK(scimdb_set_hooks(db, NULL, NULL, NULL, NULL, &err));
    scimdb_buf_free(&out);
    return saying.code;
}

CALL(refuse) {
    (void)p, (void)err;
    return say_in_a_hook(db, (struct saying){t, true, SCIMDB_OK});
}

CALL(set) {
    (void)p, (void)err;
    return say_in_a_hook(db, (struct saying){t, false, SCIMDB_OK});
}

/* What the host's repositories say, and what the library answers to it. */
static scimdb_code find(void *userdata, const char *query, size_t query_n, scimdb_found *found) {
    (void)query, (void)query_n;
    struct saying *saying = userdata;
    const struct text *t = saying->t;
    saying->code = saying->is_refusal ? scimdb_found_fail(found, 503, T(0)) : scimdb_found_add(found, T(0));
    return SCIMDB_OK;
}

static scimdb_code find_in_a_search(scimdb_store *db, struct saying saying) {
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    OK(scimdb_tenant_configure(
        db, TENANT, S("{\"profile\":{\"name\":\"p\",\"repositories\":{\"resourceType\":\"User\"}}}"), &err));
    OK(scimdb_set_repositories(db, find, &saying, NULL, &err));
    saying.code = SCIMDB_INTERNAL;
    (void)scimdb_search(db, TENANT, USER, S("{\"searchRepositories\":true}"), &out, NULL);
    OK(scimdb_set_repositories(db, NULL, NULL, NULL, &err));
    scimdb_buf_free(&out);
    return saying.code;
}

CALL(found_add) {
    (void)p, (void)err;
    return find_in_a_search(db, (struct saying){t, false, SCIMDB_OK});
}

CALL(found_fail) {
    (void)p, (void)err;
    return find_in_a_search(db, (struct saying){t, true, SCIMDB_OK});
}

CALL(schema_put) {
    (void)p;
    return scimdb_schema_put(db, T(0), T(1), err);
}

CALL(schema_remove) {
    (void)p;
    CHECK_INT(scimdb_schema_put(db, TENANT, S(SCHEMA), NULL), SCIMDB_OK);
    return scimdb_schema_remove(db, T(0), T(1), err);
}

CALL(schema_list) {
    return scimdb_schema_list(db, T(0), &p->first, err);
}

CALL(tenant_create) {
    (void)p;
    scimdb_code code = scimdb_tenant_create(db, T(0), T(1), err);
    if (code == SCIMDB_OK) {
        CHECK_INT(scimdb_tenant_drop(db, T(0), NULL), SCIMDB_OK);
    }
    return code;
}

CALL(tenant_configure) {
    (void)p;
    return scimdb_tenant_configure(db, T(0), T(1), err);
}

CALL(tenant_drop) {
    (void)p;
    (void)scimdb_tenant_create(db, S("gone"), NONE, NULL);
    return scimdb_tenant_drop(db, T(0), err);
}

CALL(profile_check) {
    return scimdb_profile_check(db, T(0), T(1), &p->first, err);
}

CALL(forget) {
    scimdb_buf out = SCIMDB_BUF_INIT;
    (void)scimdb_create(
        db, TENANT, S("Group"), S("{" AS_GROUP "\"displayName\":\"g\",\"externalId\":\"x\"}"), S("{\"id\":\"gone\"}"),
        &out, NULL);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_delete(db, TENANT, S("Group"), S("gone"), NONE, NULL), SCIMDB_OK);
    return scimdb_forget(db, T(0), T(1), T(2), T(3), &p->first, err);
}

CALL(token_create) {
    scimdb_code code = scimdb_token_create(db, T(0), T(1), T(2), &p->first, err);
    if (code == SCIMDB_OK) {
        CHECK_INT(scimdb_token_revoke(db, T(0), T(1), NULL), SCIMDB_OK);
    }
    return code;
}

CALL(token_regenerate) {
    return scimdb_token_regenerate(db, T(0), T(1), &p->first, err);
}

CALL(token_revoke) {
    scimdb_buf out = SCIMDB_BUF_INIT;
    (void)scimdb_token_create(db, TENANT, S("gone"), NONE, &out, NULL);
    scimdb_buf_free(&out);
    (void)p;
    return scimdb_token_revoke(db, T(0), T(1), err);
}

CALL(token_list) {
    return scimdb_token_list(db, T(0), &p->first, err);
}

CALL(authenticate) {
    return scimdb_authenticate(db, T(0), &p->first, err);
}

static void remove_copy(void) {
    char file[sizeof copy + 16];
    snprintf(file, sizeof file, "%s/store.redb", copy);
    CHECK(unlink(file) == 0);
    CHECK(rmdir(copy) == 0);
}

CALL(backup) {
    (void)p;
    scimdb_code code = scimdb_backup(db, T(0), err);
    if (code == SCIMDB_OK) {
        remove_copy();
    }
    return code;
}

#ifndef WITHOUT_SERVER
CALL(serve) {
    scimdb_server *made = p->handle;
    scimdb_code code = scimdb_serve_start(db, T(0), &made, err);
    if (code == SCIMDB_OK) {
        CHECK_INT(scimdb_serve_stop(made, 0, NULL), SCIMDB_OK);
    } else {
        p->handle = made;
    }
    return code;
}
#endif

/* Short names for what the table says: fine, the call is wrong, an option is wrong, a body is wrong, a name is wrong.
 */
#define FINE SCIMDB_OK
#define WRONG SCIMDB_MISUSE
#define ARGUMENT SCIMDB_INVALID_ARGUMENT
#define SYNTAX SCIMDB_INVALID_SYNTAX
#define NOBODY SCIMDB_NOT_FOUND
#define NO_TENANT SCIMDB_UNKNOWN_TENANT
#define NO_TYPE SCIMDB_UNKNOWN_TYPE

/* What most functions take. */
#define A_TENANT {"tenant", "default", FINE, WRONG, NO_TENANT, FINE}
#define A_TYPE(name) {"type", name, WRONG, WRONG, NO_TYPE, NO_TYPE}
#define ANY_TYPE {"type", "User", FINE, WRONG, NO_TYPE, NO_TYPE}
#define AN_ID(id) {"id", id, WRONG, WRONG, NOBODY, NOBODY}
#define OPTIONS(json) {"options", json, FINE, WRONG, ARGUMENT, ARGUMENT}
#define A_BODY(name, json) {name, json, WRONG, SYNTAX, SYNTAX, SYNTAX}
#define A_SEARCH {"request", "{\"filter\":\"userName pr\"}", FINE, SYNTAX, SYNTAX, SYNTAX}
#define A_NAME(name) {"name", name, WRONG, WRONG, ARGUMENT, ARGUMENT}

static const struct function functions[] = {
    {"scimdb_open",
     open,
     {{"path", ":memory:", WRONG, WRONG, ARGUMENT, ARGUMENT}, OPTIONS("{\"index\":{\"enabled\":false}}")}},
    {"scimdb_handle",
     handle,
     {{"tenant", "default", FINE, WRONG, 404, FINE},
      {"method", "POST", WRONG, WRONG, 405, 405},
      {"target", "/Groups", WRONG, WRONG, 404, 405},
      {"headers", "{\"content-type\":\"application/scim+json\"}", FINE, WRONG, ARGUMENT, ARGUMENT},
      {"body", GROUP, 400, 400, 400, 400},
      {"context", "{\"actor\":\"host\"}", FINE, WRONG, ARGUMENT, ARGUMENT}}},
    {"scimdb_get", get, {A_TENANT, A_TYPE("User"), AN_ID("ann"), OPTIONS("{\"attributes\":[\"userName\"]}")}},
    {"scimdb_create", create, {A_TENANT, A_TYPE("Group"), A_BODY("json", GROUP), OPTIONS("{\"actor\":\"host\"}")}},
    {"scimdb_replace",
     replace,
     {A_TENANT, A_TYPE("Group"), AN_ID("all"), A_BODY("json", GROUP), OPTIONS("{\"actor\":\"host\"}")}},
    {"scimdb_patch",
     patch,
     {A_TENANT, A_TYPE("User"), AN_ID("ann"), A_BODY("json", PATCH), OPTIONS("{\"actor\":\"host\"}")}},
    {"scimdb_delete", delete, {A_TENANT, A_TYPE("Group"), AN_ID("gone"), OPTIONS("{\"actor\":\"host\"}")}},
    {"scimdb_verify_password",
     verify_password,
     {A_TENANT, A_TYPE("User"), {"id", "ann", WRONG, WRONG, FINE, FINE}, {"password", "x", WRONG, WRONG, FINE, FINE}}},
    {"scimdb_search", search, {A_TENANT, ANY_TYPE, A_SEARCH}},
    {"scimdb_explain", explain, {A_TENANT, ANY_TYPE, A_SEARCH}},
    {"scimdb_bulk", bulk, {A_TENANT, A_BODY("request", BULK), OPTIONS("{\"actor\":\"host\"}")}},
    {"scimdb_import_open", import, {A_TENANT, OPTIONS("{\"onConflict\":\"skip\"}")}},
    {"scimdb_import_feed", feed, {{"bytes", GROUP "\n", FINE, FINE, FINE, FINE}}},
    {"scimdb_job_get",
     job_get,
     {A_TENANT, {"correlation_id", queued, WRONG, WRONG, NOBODY, NOBODY}, OPTIONS("{\"waitSeconds\":0.5}")}},
    {"scimdb_job_list", job_list, {A_TENANT}},
    {"scimdb_iter_open", iterate, {A_TENANT, ANY_TYPE, A_SEARCH}},
    {"scimdb_changes", changes, {A_TENANT}},
    {"scimdb_decision_refuse",
     refuse,
     {{"scim_type", "uniqueness", FINE, WRONG, FINE, FINE}, {"detail", "no", FINE, WRONG, FINE, FINE}}},
    {"scimdb_decision_set", set, {{"attributes", "{\"displayName\":\"h\"}", WRONG, SYNTAX, SYNTAX, SYNTAX}}},
    {"scimdb_found_add", found_add, {{"resource", "{" AS_USER "\"userName\":\"x\"}", WRONG, WRONG, FINE, FINE}}},
    {"scimdb_found_fail", found_fail, {{"detail", "no", FINE, WRONG, FINE, FINE}}},
    {"scimdb_schema_put", schema_put, {A_TENANT, A_BODY("documents", SCHEMA)}},
    {"scimdb_schema_remove",
     schema_remove,
     {A_TENANT, {"urn_or_name", "urn:example:Car", WRONG, WRONG, NO_TYPE, ARGUMENT}}},
    {"scimdb_schema_list", schema_list, {A_TENANT}},
    {"scimdb_tenant_create", tenant_create, {A_NAME("acme"), OPTIONS("{\"profile\":\"entra\"}")}},
    {"scimdb_tenant_configure",
     tenant_configure,
     {{"name", "default", WRONG, WRONG, NO_TENANT, ARGUMENT}, OPTIONS("{\"profile\":\"strict\"}")}},
    {"scimdb_tenant_drop", tenant_drop, {{"name", "gone", WRONG, WRONG, NO_TENANT, ARGUMENT}}},
    {"scimdb_profile_check", profile_check, {A_TENANT, {"profile", "entra", FINE, WRONG, ARGUMENT, ARGUMENT}}},
    {"scimdb_token_create", token_create, {A_TENANT, A_NAME("new"), OPTIONS("{\"scope\":\"read\"}")}},
    {"scimdb_token_regenerate", token_regenerate, {A_TENANT, {"name", "known", WRONG, WRONG, NOBODY, ARGUMENT}}},
    {"scimdb_token_revoke", token_revoke, {A_TENANT, {"name", "gone", WRONG, WRONG, NOBODY, ARGUMENT}}},
    {"scimdb_token_list", token_list, {A_TENANT}},
    {"scimdb_authenticate",
     authenticate,
     {{"secret", secret, WRONG, WRONG, SCIMDB_UNAUTHENTICATED, SCIMDB_UNAUTHENTICATED}}},
    {"scimdb_forget",
     forget,
     {A_TENANT,
      A_TYPE("Group"),
      {"external_id", "x", WRONG, WRONG, NOBODY, SCIMDB_INVALID_VALUE},
      OPTIONS("{\"actor\":\"host\"}")}},
    {"scimdb_backup", backup, {{"path", copy, WRONG, WRONG, ARGUMENT, ARGUMENT}}},
#ifndef WITHOUT_SERVER
    {"scimdb_serve_start", serve, {{"config", "{\"address\":\"127.0.0.1:0\"}", FINE, ARGUMENT, ARGUMENT, ARGUMENT}}},
#endif
};

/* Text that ends where a page begins that nobody can read: who reads more than its length is ended by a signal. */
static char *fence;

static const char *before_fence(const char *data, size_t n) {
    CHECK(n <= (size_t)sysconf(_SC_PAGESIZE));
    memcpy(fence - n, data, n);
    return fence - n;
}

static void build_fence(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    fence = pages + page;
    CHECK(mprotect(fence, page, PROT_NONE) == 0);
}

static void remove_fence(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    CHECK(munmap(fence - page, 2 * page) == 0);
}

/* A function, one of whose parameters is tried. */
struct trial {
    scimdb_store *db;
    const struct function *function;
    const struct parameter *parameter;
};

/* Makes the call with a text for the parameter: it answers a code, and touches nothing where that is of an error. */
static void try_text(const struct trial *trial, const char *data, size_t n, scimdb_code expected, const char *what) {
    const struct function *function = trial->function;
    struct text texts[6] = {{NULL, 0}};
    for (size_t i = 0; i < 6 && function->parameters[i].name != NULL; i++) {
        bool is_tried = &function->parameters[i] == trial->parameter;
        texts[i] = is_tried ? (struct text){data, n} : (struct text){S(function->parameters[i].valid)};
    }
    char call[128];
    snprintf(call, sizeof call, "%s: %s: %s", function->name, trial->parameter->name, what);
    bool is_failure = expected != SCIMDB_OK && expected < 300;
    bool has_error =
        strncmp(function->name, "scimdb_decision", 15) != 0 && strncmp(function->name, "scimdb_found", 12) != 0;
    int somewhere = 0;
    /* Once more without a place for the error. */
    for (int pass = 0; pass < (is_failure ? 2 : 1); pass++) {
        scimdb_error *err = NULL;
        struct place place = {SCIMDB_BUF_INIT, SCIMDB_BUF_INIT, 7, &somewhere}, before;
        CHECK_INT(scimdb_tenant_list(trial->db, &place.first, NULL), SCIMDB_OK);
        CHECK_INT(scimdb_tenant_list(trial->db, &place.second, NULL), SCIMDB_OK);
        memset(place.first.data, '1', place.first.len);
        memset(place.second.data, '2', place.second.len);
        before = place;
        scimdb_code code = function->call(trial->db, texts, &place, pass == 0 ? &err : NULL);
        check_int(code, expected, call, __FILE__, __LINE__);
        if (is_failure) {
            CHECK(memcmp(&place.first, &before.first, sizeof place.first) == 0);
            CHECK(memcmp(&place.second, &before.second, sizeof place.second) == 0);
            CHECK(strspn(place.first.data, "1") == place.first.len);
            CHECK(strspn(place.second.data, "2") == place.second.len);
            CHECK(place.number == 7 && place.handle == &somewhere);
        }
        if (is_failure && has_error && pass == 0) {
            check_int(scimdb_error_code(err), expected, call, __FILE__, __LINE__);
            /* Who has made the mistake is told where. */
            if (expected == SCIMDB_MISUSE) {
                check_has(scimdb_error_detail(err), trial->parameter->name, call, __FILE__, __LINE__);
            }
        } else {
            check_true(err == NULL, call, __FILE__, __LINE__);
        }
        scimdb_error_free(err);
        scimdb_buf_free(&place.first);
        scimdb_buf_free(&place.second);
    }
}

static void try_parameter(const struct trial *trial) {
    const struct parameter *it = trial->parameter;
    try_text(trial, NULL, 0, it->null, "NULL, 0");
    try_text(trial, NULL, SCIMDB_NTS, it->null, "NULL, SCIMDB_NTS");
    try_text(trial, NULL, 5, SCIMDB_MISUSE, "NULL, 5");
    /* No such bytes, a NUL in two bytes, half of a pair of UTF-16. */
    static const char *const garbled[] = {"\xff\xfe", "\xc0\x80", "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof garbled / sizeof garbled[0]; i++) {
        size_t n = strlen(garbled[i]);
        try_text(trial, before_fence(garbled[i], n), n, it->garbled, garbled[i]);
        try_text(trial, before_fence(garbled[i], n + 1), SCIMDB_NTS, it->garbled, "no UTF-8, with a NUL");
    }
    /* Nobody can read there: a length that cannot be is refused before anything is read. */
    const size_t lengths[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX - SIZE_MAX / 4, SIZE_MAX - 1};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        try_text(trial, fence, lengths[i], SCIMDB_MISUSE, "a length that cannot be");
    }
    char text[2048];
    size_t n = strlen(it->valid);
    CHECK(n + 2 < sizeof text);
    memcpy(text, it->valid, n + 1);
    text[n + 1] = 'x';
    try_text(trial, before_fence(text, n + 2), n + 2, it->nul, "a NUL inside");
    try_text(trial, fence, 0, it->empty, "empty, by length");
    try_text(trial, before_fence("", 1), SCIMDB_NTS, it->empty, "empty, by a NUL");
    /* What is right still is: by its length, without a NUL. */
    try_text(trial, before_fence(it->valid, n), n, SCIMDB_OK, "as it should be");
}

static void every_text_is_checked(void) {
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    char *folder = folder_new();
    snprintf(copy, sizeof copy, "%s/copy", folder);
    build_fence();
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        scimdb_store *db = open_memory();
        OK(scimdb_create(db, TENANT, USER, S("{" AS_USER "\"userName\":\"ann\"}"), S("{\"id\":\"ann\"}"), &out, &err));
        OK(scimdb_create(db, TENANT, S("Group"), S(GROUP), S("{\"id\":\"all\"}"), &out, &err));
        OK(scimdb_token_create(db, TENANT, S("known"), NONE, &out, &err));
        char *made = at(out.data, "secret");
        snprintf(secret, sizeof secret, "%s", made);
        free(made);
        scimdb_import *import = NULL;
        OK(scimdb_import_open(db, TENANT, L("{\"queue\":true}"), &import, &err));
        OK(scimdb_import_feed(import, L("{\"users\":[],\"group\":{\"value\":\"all\"}}"), &err));
        OK(scimdb_import_finish(import, &out, &err));
        made = at(out.data, "correlationId");
        snprintf(queued, sizeof queued, "%s", made);
        free(made);
        for (const struct parameter *it = functions[i].parameters; it < functions[i].parameters + 6 && it->name; it++) {
            try_parameter(&(struct trial){db, &functions[i], it});
        }
        CHECK_INT(count_users(db), 1);
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
    }
    remove_fence();
    folder_remove(folder);
    scimdb_buf_free(&out);
}

/* JSON is a client's: that it is no UTF-8, or no text that Unicode has, is a SCIM error, which says where. */
static void json_that_is_no_text_is_its_clients_fault(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT, headers = SCIMDB_BUF_INIT;
    static const char *const garbled[] = {"\xff\xfe", "\xc0\x80", "\xed\xa0\x80",
                                          "caf\xc3",  "\\ud800",  "\\ud800\\u0041"};
    for (size_t i = 0; i < sizeof garbled / sizeof garbled[0]; i++) {
        char group[256], rows[1024];
        int n = snprintf(group, sizeof group, "{" AS_GROUP "\"displayName\":\"%s\"}", garbled[i]);
        FAILS_WITH(SCIMDB_INVALID_SYNTAX, scimdb_create(db, TENANT, S("Group"), group, (size_t)n, NONE, &out, &err));
        CHECK_INT(scimdb_error_status(err), 400);
        CHECK_TEXT(scimdb_error_scim_type(err), "invalidSyntax");
        CHECK(scimdb_error_offset(err) >= 74 && scimdb_error_offset(err) < n);
        CHECK_AT(scimdb_error_json(err), "scimType", "invalidSyntax");
        scimdb_error_free(err);
        err = NULL;
        int32_t status = 0;
        OK(scimdb_handle(
            db, TENANT, S("POST"), S("/Groups"), NONE, group, (size_t)n, NONE, &status, &headers, &out, &err));
        CHECK_INT(status, 400);
        CHECK_AT(out.data, "scimType", "invalidSyntax");
        /* A row of an import is a reject, and given back as far as it is text; the rows around it are stored. */
        scimdb_import *import = NULL;
        n = snprintf(rows, sizeof rows, "%s\n%s\n%s\n", GROUP, group, GROUP);
        OK(scimdb_import_open(db, TENANT, NONE, &import, &err));
        OK(scimdb_import_feed(import, rows, (size_t)n, &err));
        OK(scimdb_import_finish(import, &out, &err));
        CHECK_AT(out.data, "created", "2");
        CHECK_AT(out.data, "rejects/0/row", "2");
        CHECK_AT(out.data, "rejects/0/error/scimType", "invalidSyntax");
    }
    scimdb_buf_free(&headers);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test argument_tests[] = {
    {"arguments: every text is checked", every_text_is_checked},
    {"arguments: JSON that is no text is its client's fault", json_that_is_no_text_is_its_clients_fault},
    END_OF_TESTS,
};
