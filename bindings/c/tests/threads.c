/* Many threads on one store: at work, while it is closed, and when they are interrupted. */
#include "harness.h"

enum { THREADS = 8 };

struct worker {
    scimdb_store *db;
    int number, rounds;
    /* Raised by all that have begun, and by all that were refused since the store was closed. */
    int *begun, *refused;
};

static void start(pthread_t threads[], struct worker workers[], int count, void *(*run)(void *)) {
    for (int i = 0; i < count; i++) {
        workers[i].number = i;
        CHECK(pthread_create(&threads[i], NULL, run, &workers[i]) == 0);
    }
}

static void join(pthread_t threads[], int count) {
    for (int i = 0; i < count; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void *write_and_read(void *argument) {
    struct worker *worker = argument;
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    char json[128], id[64], other[64];
    for (int i = 0; i < worker->rounds; i++) {
        snprintf(id, sizeof id, "t%dr%d", worker->number, i);
        int n = snprintf(json, sizeof json, "{\"id\":\"%s\"}", id);
        char user[256];
        snprintf(user, sizeof user, "{" AS_USER "\"userName\":\"%s\"}", id);
        OK(scimdb_create(worker->db, TENANT, USER, S(user), json, (size_t)n, &out, &err));
        OK(scimdb_get(worker->db, TENANT, USER, S(id), NONE, &out, &err));
        CHECK_AT(out.data, "userName", id);
        snprintf(other, sizeof other, "t%dr%d", (worker->number + 1) % THREADS, i);
        scimdb_code code = scimdb_get(worker->db, TENANT, USER, S(other), NONE, &out, NULL);
        CHECK(code == SCIMDB_OK || code == SCIMDB_NOT_FOUND);
        /* Everybody tries to make the same one: it is made once. */
        snprintf(user, sizeof user, "{" AS_USER "\"userName\":\"shared%d\"}", i);
        code = scimdb_create(worker->db, TENANT, USER, S(user), NONE, &out, &err);
        CHECK(code == SCIMDB_OK || code == SCIMDB_UNIQUENESS);
        CHECK_INT(scimdb_error_code(err), code);
        scimdb_error_free(err);
        err = NULL;
    }
    scimdb_buf_free(&out);
    return NULL;
}

static void many_threads_share_a_store(void) {
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    scimdb_store *db = open_memory();
    const int rounds = is_slow() ? 5 : 50;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.db = db, .rounds = rounds};
    }
    start(threads, workers, THREADS, write_and_read);
    join(threads, THREADS);
    CHECK_INT(count_users(db), THREADS * rounds + rounds);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void *read_until_refused(void *argument) {
    struct worker *worker = argument;
    scimdb_buf out = SCIMDB_BUF_INIT;
    const char *json = NULL;
    size_t json_n = 0;
    bool is_begun = false;
    for (;;) {
        scimdb_error *err = NULL;
        scimdb_code code;
        if (worker->number % 2 == 0) {
            code = scimdb_search(worker->db, TENANT, USER, L("{\"filter\":\"userName co \\\"1\\\"\"}"), &out, &err);
        } else {
            scimdb_iter *iter = NULL;
            code = scimdb_iter_open(worker->db, TENANT, USER, NONE, &iter, &err);
            while (code == SCIMDB_OK) {
                code = scimdb_iter_next(iter, &json, &json_n, &err);
            }
            scimdb_iter_free(iter);
        }
        scimdb_code told = scimdb_error_code(err);
        scimdb_error_free(err);
        if (code != SCIMDB_OK && code != SCIMDB_DONE) {
            CHECK(code == SCIMDB_MISUSE || code == SCIMDB_UNAVAILABLE || code == SCIMDB_CANCELLED);
            CHECK_INT(told, code);
            raise_flag(worker->refused);
            break;
        }
        if (!is_begun) {
            is_begun = true;
            raise_flag(worker->begun);
        }
    }
    scimdb_buf_free(&out);
    return NULL;
}

static void a_store_is_closed_while_others_read(void) {
    for (int round = 0; round < (is_slow() ? 2 : 20); round++) {
        pthread_t threads[THREADS];
        struct worker workers[THREADS];
        scimdb_store *db = open_memory();
        char id[64], name[32];
        int begun = 0, refused = 0;
        for (int i = 0; i < 30; i++) {
            snprintf(name, sizeof name, "user%d", i);
            make_user(db, name, id);
        }
        for (int i = 0; i < THREADS; i++) {
            workers[i] = (struct worker){.db = db, .begun = &begun, .refused = &refused};
        }
        start(threads, workers, THREADS, read_until_refused);
        wait_for(&begun, THREADS, "the readers");
        CHECK_INT(scimdb_close(db), SCIMDB_OK);
        join(threads, THREADS);
        CHECK_INT(refused, THREADS);
    }
}

static void *wait_for_changes(void *argument) {
    struct worker *worker = argument;
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    raise_flag(worker->begun);
    scimdb_code code = scimdb_changes(worker->db, TENANT, 0, 10, 600000, &out, &err);
    CHECK(code == SCIMDB_CANCELLED || code == SCIMDB_UNAVAILABLE || code == SCIMDB_MISUSE);
    CHECK_INT(scimdb_error_code(err), code);
    scimdb_error_free(err);
    scimdb_buf_free(&out);
    raise_flag(worker->refused);
    return NULL;
}

static void an_interrupt_ends_a_wait(void) {
    pthread_t threads[2];
    struct worker workers[2];
    scimdb_store *db = open_memory();
    int begun = 0, refused = 0;
    for (int i = 0; i < 2; i++) {
        workers[i] = (struct worker){.db = db, .begun = &begun, .refused = &refused};
    }
    start(threads, workers, 2, wait_for_changes);
    wait_for(&begun, 2, "the waiting threads");
    /* They may not be inside yet: whoever comes later is not meant by an interrupt. */
    for (int waited = 0; read_flag(&refused) < 2; waited++) {
        CHECK(waited < 4000);
        CHECK_INT(scimdb_interrupt(db), SCIMDB_OK);
        sleep_ms(5);
    }
    join(threads, 2);
    /* What comes afterwards is not touched. */
    CHECK_INT(count_users(db), 0);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void closing_does_not_wait_for_a_change(void) {
    pthread_t thread;
    scimdb_store *db = open_memory();
    int begun = 0, refused = 0;
    struct worker worker = {.db = db, .begun = &begun, .refused = &refused};
    start(&thread, &worker, 1, wait_for_changes);
    wait_for(&begun, 1, "the waiting thread");
    sleep_ms(20);
    CHECK_INT(scimdb_interrupt(db), SCIMDB_OK);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    join(&thread, 1);
    CHECK_INT(refused, 1);
}

struct feeder {
    scimdb_import *import;
    int number, rounds;
};

static void *feed(void *argument) {
    struct feeder *feeder = argument;
    scimdb_error *err = NULL;
    char row[256];
    for (int i = 0; i < feeder->rounds; i++) {
        int n = snprintf(row, sizeof row, "{" AS_USER "\"userName\":\"f%dr%d\"}\n", feeder->number, i);
        OK(scimdb_import_feed(feeder->import, row, (size_t)n, &err));
    }
    return NULL;
}

static void threads_that_share_an_import_take_turns(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_import *import = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    pthread_t threads[4];
    struct feeder feeders[4];
    const int rounds = is_slow() ? 10 : 200;
    OK(scimdb_import_open(db, TENANT, L("{\"resourceType\":\"User\"}"), &import, &err));
    for (int i = 0; i < 4; i++) {
        feeders[i] = (struct feeder){import, i, rounds};
        CHECK(pthread_create(&threads[i], NULL, feed, &feeders[i]) == 0);
    }
    join(threads, 4);
    OK(scimdb_import_finish(import, &out, &err));
    CHECK_INT(count_users(db), 4 * rounds);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void *close_it(void *argument) {
    struct worker *worker = argument;
    scimdb_code code = scimdb_close(worker->db);
    CHECK(code == SCIMDB_OK || code == SCIMDB_MISUSE);
    if (code == SCIMDB_OK) {
        raise_flag(worker->begun);
    }
    return NULL;
}

static void one_of_many_closes(void) {
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    scimdb_store *db = open_memory();
    int closed = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.db = db, .begun = &closed};
    }
    start(threads, workers, THREADS, close_it);
    join(threads, THREADS);
    CHECK_INT(closed, 1);
}

const struct test thread_tests[] = {
    {"threads: many threads share a store", many_threads_share_a_store},
    {"threads: a store is closed while others read", a_store_is_closed_while_others_read},
    {"threads: an interrupt ends a wait", an_interrupt_ends_a_wait},
    {"threads: closing does not wait for a change", closing_does_not_wait_for_a_change},
    {"threads: threads that share an import take turns", threads_that_share_an_import_take_turns},
    {"threads: one of many closes", one_of_many_closes},
    END_OF_TESTS,
};
