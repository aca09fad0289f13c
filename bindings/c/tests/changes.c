/* The change log, and being woken by it. */
#include "harness.h"

static void the_log_is_read_on(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    OK(scimdb_create(
        db, TENANT, USER, L("{" AS_USER "\"userName\":\"ann\"}"), L("{\"id\":\"a1\",\"actor\":\"check\"}"), &out,
        &err));
    OK(scimdb_replace(
        db, TENANT, USER, S("a1"), L("{" AS_USER "\"userName\":\"ann\",\"title\":\"Dr\"}"), NONE, &out, &err));
    OK(scimdb_delete(db, TENANT, USER, S("a1"), NONE, &err));
    OK(scimdb_changes(db, TENANT, 0, 2, 0, &out, &err));
    CHECK_AT(out.data, "changes/0/operation", "create");
    CHECK_AT(out.data, "changes/0/resourceType", "User");
    CHECK_AT(out.data, "changes/0/id", "a1");
    CHECK_AT(out.data, "changes/0/actor", "check");
    CHECK_AT(out.data, "changes/1/operation", "modify");
    CHECK_AT(out.data, "changes/1/attributes/0", "title");
    CHECK_AT(out.data, "changes/2", NULL);
    char *sequence = at(out.data, "changes/1/sequence");
    OK(scimdb_changes(db, TENANT, strtoull(sequence, NULL, 10), 100, 0, &out, &err));
    CHECK_AT(out.data, "changes/0/operation", "delete");
    CHECK_AT(out.data, "changes/1", NULL);
    free(sequence);
    /* Where nothing is, nothing comes; what is beyond the end is an error. */
    char *last = at(out.data, "changes/0/sequence");
    CHECK_AT(out.data, "last", last);
    uint64_t end = strtoull(last, NULL, 10);
    free(last);
    OK(scimdb_changes(db, TENANT, end, 100, 20, &out, &err));
    CHECK_AT(out.data, "changes", "[]");
    FAILS(SCIMDB_OUT_OF_RANGE, scimdb_changes(db, TENANT, end + 1, 100, 0, &out, &err));
    FAILS(SCIMDB_OUT_OF_RANGE, scimdb_changes(db, TENANT, UINT64_MAX, 100, 0, &out, &err));
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void *write_soon(void *argument) {
    char id[64];
    sleep_ms(50);
    make_user(argument, "ann", id);
    return NULL;
}

static void a_wait_ends_with_a_change(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    pthread_t writer;
    OK(scimdb_changes(db, TENANT, 0, 10, 0, &out, &err));
    char *last = at(out.data, "last");
    CHECK(pthread_create(&writer, NULL, write_soon, db) == 0);
    OK(scimdb_changes(db, TENANT, strtoull(last, NULL, 10), 10, 600000, &out, &err));
    CHECK_AT(out.data, "changes/0/operation", "create");
    pthread_join(writer, NULL);
    free(last);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

struct watcher {
    scimdb_store *db;
    scimdb_subscription *subscription;
    int calls, refused, drops;
    uint64_t sequence;
};

static void on_change(void *argument, uint64_t sequence) {
    struct watcher *watcher = argument;
    scimdb_buf out = SCIMDB_BUF_INIT;
    __atomic_store_n(&watcher->sequence, sequence, __ATOMIC_SEQ_CST);
    if (scimdb_stats(watcher->db, &out, NULL) == SCIMDB_MISUSE) {
        raise_flag(&watcher->refused);
    }
    scimdb_buf_free(&out);
    raise_flag(&watcher->calls);
}

static void drop_watcher(void *argument) {
    raise_flag(&((struct watcher *)argument)->drops);
}

static void a_change_wakes(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    struct watcher watcher = {.db = db};
    char id[64];
    OK(scimdb_on_change(db, on_change, &watcher, drop_watcher, &watcher.subscription, &err));
    make_user(db, "ann", id);
    wait_for(&watcher.calls, 1, "the first call");
    CHECK(__atomic_load_n(&watcher.sequence, __ATOMIC_SEQ_CST) > 0);
    int before = read_flag(&watcher.calls);
    make_user(db, "bob", id);
    wait_for(&watcher.calls, before + 1, "a call after another write");
    CHECK_INT(read_flag(&watcher.drops), 0);
    scimdb_subscription_free(watcher.subscription);
    CHECK_INT(read_flag(&watcher.drops), 1);
    /* It must not call back into the store. */
    CHECK_INT(read_flag(&watcher.refused), read_flag(&watcher.calls));
    before = read_flag(&watcher.calls);
    make_user(db, "eve", id);
    sleep_ms(50);
    CHECK_INT(read_flag(&watcher.calls), before);
    scimdb_subscription_free(watcher.subscription);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_INT(read_flag(&watcher.drops), 1);
}

static void free_within(void *argument, uint64_t sequence) {
    (void)sequence;
    struct watcher *watcher = argument;
    scimdb_subscription_free(watcher->subscription);
    raise_flag(&watcher->calls);
}

static void a_subscription_is_freed_by_its_own_callback(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    struct watcher watcher = {.db = db};
    char id[64];
    OK(scimdb_on_change(db, free_within, &watcher, drop_watcher, &watcher.subscription, &err));
    make_user(db, "ann", id);
    wait_for(&watcher.drops, 1, "its end");
    make_user(db, "bob", id);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_INT(read_flag(&watcher.calls), 1);
    CHECK_INT(read_flag(&watcher.drops), 1);
}

static void a_subscription_ends_with_its_store(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    struct watcher watcher = {.db = db};
    OK(scimdb_on_change(db, on_change, &watcher, drop_watcher, &watcher.subscription, &err));
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    scimdb_subscription_free(watcher.subscription);
    CHECK_INT(read_flag(&watcher.drops), 1);
}

const struct test change_tests[] = {
    {"changes: the log is read on", the_log_is_read_on},
    {"changes: a wait ends with a change", a_wait_ends_with_a_change},
    {"changes: a change wakes", a_change_wakes},
    {"changes: a subscription is freed by its own callback", a_subscription_is_freed_by_its_own_callback},
    {"changes: a subscription ends with its store", a_subscription_ends_with_its_store},
    END_OF_TESTS,
};
