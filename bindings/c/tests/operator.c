/* What an operator asks for: figures, checks, backups, compaction, the log. */
#include "harness.h"

static void figures_and_checks_are_told(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    char id[64];
    make_user(db, "ann", id);
    OK(scimdb_stats(db, &out, &err));
    json_t *stats = json_of(&out);
    CHECK(json_is_object(stats) && json_object_size(stats) > 0);
    json_decref(stats);
    OK(scimdb_check(db, &out, &err));
    json_t *report = json_of(&out);
    CHECK(json_is_object(report));
    json_decref(report);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void a_backup_is_a_whole_store(void) {
    char *folder = folder_new();
    char path[4200], copy[4200];
    snprintf(path, sizeof path, "%s/store", folder);
    snprintf(copy, sizeof copy, "%s/copy", folder);
    scimdb_store *db = NULL, *again = NULL;
    scimdb_error *err = NULL;
    char id[64];
    OK(scimdb_open(S(path), NONE, &db, &err));
    make_user(db, "ann", id);
    OK(scimdb_backup(db, S(copy), &err));
    make_user(db, "bob", id);
    OK(scimdb_open(S(copy), L("{\"create\":false}"), &again, &err));
    CHECK_INT(count_users(again), 1);
    CHECK_INT(count_users(db), 2);
    /* What is there already is not written over. */
    CHECK(scimdb_backup(db, S(copy), NULL) != SCIMDB_OK);
    CHECK_INT(count_users(again), 1);
    CHECK_INT(scimdb_close(again), SCIMDB_OK);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

static void a_store_is_compacted(void) {
    char *folder = folder_new();
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    char id[64];
    OK(scimdb_open(S(folder), NONE, &db, &err));
    make_user(db, "ann", id);
    OK(scimdb_compact(db, &err));
    CHECK_INT(count_users(db), 1);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    OK(scimdb_open(S(folder), NONE, &db, &err));
    CHECK_INT(count_users(db), 1);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    folder_remove(folder);
}

struct log {
    int lines, drops, wrong;
};

static void keep(void *userdata, int32_t level, const char *text, size_t text_n) {
    struct log *log = userdata;
    if (level < 1 || level > 5 || text_n == 0 || memchr(text, '\n', text_n) != NULL) {
        raise_flag(&log->wrong);
    }
    raise_flag(&log->lines);
}

static void drop_log(void *userdata) {
    raise_flag(&((struct log *)userdata)->drops);
}

static void a_log_is_taken_and_given_back(void) {
    struct log first = {0}, second = {0};
    scimdb_error *err = NULL;
    OK(scimdb_set_log(keep, 5, &first, drop_log, &err));
    scimdb_store *db = open_memory();
    char id[64];
    make_user(db, "ann", id);
    OK(scimdb_set_log(keep, 1, &second, drop_log, &err));
    /* Let go of when the lines that wait for it are told. */
    wait_for(&first.drops, 1, "the end of the first log");
    int lines = read_flag(&first.lines);
    make_user(db, "bob", id);
    CHECK_INT(read_flag(&first.lines), lines);
    /* A level that there is not is refused, its data dropped, and the log stays as it is. */
    struct log third = {0};
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_set_log(keep, 6, &third, drop_log, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_set_log(keep, 0, &third, drop_log, &err));
    CHECK_INT(read_flag(&third.drops), 2);
    CHECK_INT(read_flag(&second.drops), 0);
    OK(scimdb_set_log(NULL, 3, NULL, NULL, &err));
    wait_for(&second.drops, 1, "the end of the second log");
    CHECK_INT(read_flag(&first.wrong) + read_flag(&second.wrong), 0);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test operator_tests[] = {
    {"operator: figures and checks are told", figures_and_checks_are_told},
    {"operator: a backup is a whole store", a_backup_is_a_whole_store},
    {"operator: a store is compacted", a_store_is_compacted},
    {"operator: a log is taken and given back", a_log_is_taken_and_given_back},
    END_OF_TESTS,
};
