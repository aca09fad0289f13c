/* The host's hooks: what they see, what they refuse, what they set, and what they may not do. */
#include "harness.h"

/* What a hook is told to do, and what it saw. */
struct host {
    scimdb_store *db;
    int befores, afters, drops;
    /* How it answers. */
    scimdb_code answer;
    int32_t status;
    const char *scim_type, *detail, *set;
    /* What the writes within it gave, and how many users a search within it found. */
    scimdb_code inner_write, decided;
    int64_t seen;
    bool writes_after;
    scimdb_decision *kept;
    char write[4096], committed[4096];
};

static scimdb_code before(void *userdata, const char *write, size_t write_n, scimdb_decision *decision) {
    struct host *host = userdata;
    scimdb_buf out = SCIMDB_BUF_INIT;
    host->befores++;
    CHECK(write_n < sizeof host->write);
    memcpy(host->write, write, write_n);
    host->write[write_n] = '\0';
    host->seen = count_users(host->db);
    host->inner_write =
        scimdb_create(host->db, TENANT, USER, L("{" AS_USER "\"userName\":\"within\"}"), NONE, &out, NULL);
    scimdb_buf_free(&out);
    host->kept = decision;
    if (host->set != NULL) {
        host->decided = scimdb_decision_set(decision, S(host->set));
    }
    if (host->detail != NULL) {
        host->decided = scimdb_decision_refuse(decision, host->status, S(host->scim_type), S(host->detail));
    }
    return host->answer;
}

static void after(void *userdata, const char *write, size_t write_n) {
    struct host *host = userdata;
    host->afters++;
    CHECK(write_n < sizeof host->committed);
    memcpy(host->committed, write, write_n);
    host->committed[write_n] = '\0';
    if (host->writes_after) {
        char id[64];
        host->writes_after = false;
        make_user(host->db, "after", id);
    }
}

static void drop_host(void *userdata) {
    ((struct host *)userdata)->drops++;
}

static scimdb_store *hooked(struct host *host) {
    scimdb_error *err = NULL;
    host->db = open_memory();
    OK(scimdb_set_hooks(host->db, before, after, host, drop_host, &err));
    return host->db;
}

static void close_hooked(struct host *host) {
    CHECK_INT(host->drops, 0);
    CHECK_INT(scimdb_close(host->db), SCIMDB_OK);
    CHECK_INT(host->drops, 1);
}

static void hooks_see_every_write(void) {
    struct host host = {0};
    scimdb_store *db = hooked(&host);
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_create(
        db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\",\"password\":\"secret word\"}"),
        L("{\"id\":\"a1\",\"actor\":\"me\"}"), &out, &err));
    CHECK_INT(host.befores, 1);
    CHECK_INT(host.afters, 1);
    CHECK_AT(host.write, "operation", "create");
    CHECK_AT(host.write, "tenant", "default");
    CHECK_AT(host.write, "resourceType", "User");
    CHECK_AT(host.write, "id", "a1");
    CHECK_AT(host.write, "actor", "me");
    CHECK_AT(host.write, "before", "null");
    CHECK_AT(host.write, "after/userName", "ann");
    CHECK(strstr(host.write, "secret word") == NULL);
    CHECK_AT(host.committed, "after/userName", "ann");
    char *sequence = at(host.committed, "sequence");
    CHECK(sequence != NULL && atoll(sequence) > 0);
    free(sequence);
    /* It reads the state before, and writes nothing. */
    CHECK_INT(host.seen, 0);
    CHECK_INT(host.inner_write, SCIMDB_MISUSE);
    OK(scimdb_patch(
        db, TENANT, USER, S("a1"),
        L("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":"
          "[{\"op\":\"add\",\"path\":\"title\",\"value\":\"Dr\"}]}"),
        NONE, &out, &err));
    CHECK_AT(host.write, "operation", "modify");
    CHECK_AT(host.write, "before/title", NULL);
    CHECK_AT(host.write, "after/title", "Dr");
    OK(scimdb_delete(db, TENANT, USER, S("a1"), NONE, &err));
    CHECK_AT(host.write, "operation", "delete");
    CHECK_AT(host.write, "before/title", "Dr");
    CHECK_AT(host.write, "after", "null");
    CHECK_INT(host.befores, 3);
    CHECK_INT(host.afters, 3);
    scimdb_buf_free(&out);
    close_hooked(&host);
}

static void a_hook_refuses(void) {
    struct host host = {0};
    scimdb_store *db = hooked(&host);
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    /* Without a word: the default. */
    host.answer = SCIMDB_INVALID_VALUE;
    FAILS_WITH(
        SCIMDB_INVALID_VALUE,
        scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\"}"), NONE, &out, &err));
    CHECK_INT(scimdb_error_status(err), 400);
    CHECK_TEXT(scimdb_error_scim_type(err), "invalidValue");
    scimdb_error_free(err);
    err = NULL;
    host.status = 409;
    host.scim_type = "uniqueness";
    host.detail = "Ann has left \xe2\x82\xac";
    FAILS_WITH(
        SCIMDB_UNIQUENESS, scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\"}"), NONE, &out, &err));
    CHECK_INT(host.decided, SCIMDB_OK);
    CHECK_INT(scimdb_error_status(err), 409);
    CHECK_TEXT(scimdb_error_scim_type(err), "uniqueness");
    CHECK_HAS(scimdb_error_detail(err), host.detail);
    scimdb_error_free(err);
    err = NULL;
    host.status = 403;
    host.scim_type = NULL;
    FAILS_WITH(
        SCIMDB_FORBIDDEN, scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\"}"), NONE, &out, &err));
    CHECK_INT(scimdb_error_status(err), 403);
    scimdb_error_free(err);
    err = NULL;
    /* Through the endpoint it is the client's answer. */
    scimdb_buf headers = SCIMDB_BUF_INIT;
    int32_t status = 0;
    OK(scimdb_handle(
        db, TENANT, S("POST"), S("/Users"), L("{\"content-type\":\"application/scim+json\"}"),
        L("{" AS_USER "\"userName\":\"ann\"}"), NONE, &status, &headers, &out, &err));
    CHECK_INT(status, 403);
    char *detail = at(out.data, "detail");
    CHECK_HAS(detail, "Ann has left");
    free(detail);
    CHECK_INT(host.afters, 0);
    CHECK_INT(count_users(db), 0);
    /* A decision is over with its call. */
    CHECK_INT(scimdb_decision_set(host.kept, S("{}")), SCIMDB_MISUSE);
    CHECK_INT(scimdb_decision_refuse(host.kept, 400, NONE, S("late")), SCIMDB_MISUSE);
    scimdb_buf_free(&headers);
    scimdb_buf_free(&out);
    close_hooked(&host);
}

static void a_hook_sets_attributes(void) {
    struct host host = {0};
    scimdb_store *db = hooked(&host);
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    host.set = "{\"userType\":\"Employee\",\"nickName\":null}";
    OK(scimdb_create(
        db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\",\"nickName\":\"A\"}"), L("{\"id\":\"a1\"}"), &out, &err));
    CHECK_INT(host.decided, SCIMDB_OK);
    CHECK_AT(out.data, "userType", "Employee");
    CHECK_AT(out.data, "nickName", NULL);
    CHECK_AT(host.committed, "after/userType", "Employee");
    OK(scimdb_get(db, TENANT, USER, S("a1"), NONE, &out, &err));
    CHECK_AT(out.data, "userType", "Employee");
    /* What cannot be set is the host's mistake, and changes nothing. */
    const char *const wrong[] = {"{\"noSuchAttribute\":1}", "{\"active\":\"perhaps\"}", "[1]", "{"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        host.set = wrong[i];
        scimdb_code code = scimdb_create(db, TENANT, USER, L("{" AS_USER "\"userName\":\"bob\"}"), NONE, &out, &err);
        CHECK(code != SCIMDB_OK || host.decided != SCIMDB_OK);
        if (code == SCIMDB_OK) {
            /* It was told at once, and went on without. */
            char *id = at(out.data, "id");
            OK(scimdb_delete(db, TENANT, USER, S(id), NONE, &err));
            free(id);
        } else {
            CHECK(scimdb_error_status(err) >= 500);
        }
        scimdb_error_free(err);
        err = NULL;
    }
    CHECK_INT(count_users(db), 1);
    scimdb_buf_free(&out);
    close_hooked(&host);
}

static void hooks_see_bulk_and_import(void) {
    struct host host = {0};
    scimdb_store *db = hooked(&host);
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    host.set = "{\"userType\":\"Employee\"}";
    OK(scimdb_bulk(
        db, TENANT,
        L("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:BulkRequest\"],\"Operations\":["
          "{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"a\",\"data\":{" AS_USER "\"userName\":\"ann\"}},"
          "{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"b\",\"data\":{" AS_USER "\"userName\":\"bob\"}}]}"),
        NONE, &out, &err));
    CHECK_AT(out.data, "Operations/1/status", "201");
    /* Before may be asked more than once about a write; after is told once. */
    CHECK(host.befores >= 2);
    CHECK_INT(host.afters, 2);
    scimdb_import *import = NULL;
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    OK(scimdb_import_feed(import, L("{\"id\":\"u1\",\"userName\":\"c\"}\n{\"id\":\"u2\",\"userName\":\"d\"}\n"), &err));
    OK(scimdb_import_finish(import, &out, &err));
    CHECK_AT(out.data, "created", "2");
    CHECK(host.befores >= 4);
    CHECK_INT(host.afters, 4);
    OK(scimdb_get(db, TENANT, USER, S("u2"), NONE, &out, &err));
    CHECK_AT(out.data, "userType", "Employee");
    host.answer = SCIMDB_INVALID_VALUE;
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    OK(scimdb_import_feed(import, L("{\"id\":\"u3\",\"userName\":\"e\"}\n"), &err));
    OK(scimdb_import_finish(import, &out, &err));
    CHECK_AT(out.data, "rejected", "1");
    CHECK_AT(out.data, "rejects/0/error/scimType", "invalidValue");
    CHECK_INT(host.afters, 4);
    scimdb_buf_free(&out);
    close_hooked(&host);
}

static void after_a_commit_a_hook_may_write(void) {
    struct host host = {0};
    scimdb_store *db = hooked(&host);
    char id[64];
    host.writes_after = true;
    make_user(db, "ann", id);
    CHECK_INT(count_users(db), 2);
    CHECK_INT(host.afters, 2);
    close_hooked(&host);
}

static void hooks_are_replaced_and_removed(void) {
    struct host first = {0}, second = {0};
    scimdb_store *db = hooked(&first);
    scimdb_error *err = NULL;
    char id[64];
    second.db = db;
    OK(scimdb_set_hooks(db, NULL, after, &second, drop_host, &err));
    CHECK_INT(first.drops, 1);
    make_user(db, "ann", id);
    CHECK_INT(first.befores, 0);
    CHECK_INT(second.befores, 0);
    CHECK_INT(second.afters, 1);
    OK(scimdb_set_hooks(db, NULL, NULL, NULL, NULL, &err));
    CHECK_INT(second.drops, 1);
    make_user(db, "bob", id);
    CHECK_INT(second.afters, 1);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_INT(first.drops, 1);
    CHECK_INT(second.drops, 1);
}

struct closer {
    scimdb_store *db;
    scimdb_code closed;
};

static void close_within(void *userdata, const char *write, size_t write_n) {
    (void)write;
    (void)write_n;
    struct closer *closer = userdata;
    closer->closed = scimdb_close(closer->db);
}

static void a_hook_cannot_close_its_store(void) {
    struct closer closer = {open_memory(), SCIMDB_OK};
    scimdb_error *err = NULL;
    char id[64];
    OK(scimdb_set_hooks(closer.db, NULL, close_within, &closer, NULL, &err));
    make_user(closer.db, "ann", id);
    CHECK_INT(closer.closed, SCIMDB_MISUSE);
    CHECK_INT(count_users(closer.db), 1);
    CHECK_INT(scimdb_close(closer.db), SCIMDB_OK);
}

const struct test hook_tests[] = {
    {"hooks: hooks see every write", hooks_see_every_write},
    {"hooks: a hook refuses", a_hook_refuses},
    {"hooks: a hook sets attributes", a_hook_sets_attributes},
    {"hooks: hooks see bulk and import", hooks_see_bulk_and_import},
    {"hooks: after a commit a hook may write", after_a_commit_a_hook_may_write},
    {"hooks: hooks are replaced and removed", hooks_are_replaced_and_removed},
    {"hooks: a hook cannot close its store", a_hook_cannot_close_its_store},
    END_OF_TESTS,
};
