/* The table of people: rows in memory, sorted by userName, and a file of them that is replaced after every change. */
#include "people.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct people {
    const scimdb_store *db;
    char *file;
    pthread_mutex_t lock;
    /* Rows as they are told: objects with id, userName, displayName, active. */
    json_t *rows;
};

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static const char *name_of(const json_t *row) {
    return json_string_value(json_object_get(row, "userName"));
}

/* A row, of the JSON of a user. */
static json_t *row_of(const char *json, size_t json_n) {
    json_t *user = json_loadb(json, json_n, 0, NULL);
    if (user == NULL) {
        fail("the store told something that is no JSON");
    }
    const char *name = json_string_value(json_object_get(user, "displayName"));
    json_t *active = json_object_get(user, "active");
    json_t *row = json_pack(
        "{s:O,s:O,s:s*,s:b}", "id", json_object_get(user, "id"), "userName", json_object_get(user, "userName"),
        "displayName", name, "active", active == NULL || json_is_true(active));
    if (name == NULL) {
        json_object_set_new(row, "displayName", json_null());
    }
    json_decref(user);
    return row;
}

static void remove_row(json_t *rows, const char *id) {
    for (size_t i = json_array_size(rows); i-- > 0;) {
        if (strcmp(json_string_value(json_object_get(json_array_get(rows, i), "id")), id) == 0) {
            json_array_remove(rows, i);
        }
    }
}

static void insert_row(json_t *rows, json_t *row) {
    size_t at = 0;
    while (at < json_array_size(rows) && strcmp(name_of(json_array_get(rows, at)), name_of(row)) < 0) {
        at++;
    }
    json_array_insert_new(rows, at, row);
}

/* Whoever reads the file sees the table before a change or after it, and nothing between. */
static void write_file(const struct people *people) {
    size_t room = strlen(people->file) + 5;
    char *next = malloc(room);
    if (next == NULL) {
        fail("out of memory");
    }
    snprintf(next, room, "%s.new", people->file);
    if (json_dump_file(people->rows, next, JSON_COMPACT) != 0 || rename(next, people->file) != 0) {
        perror(people->file);
        exit(1);
    }
    free(next);
}

struct people *people_open(const scimdb_store *db, const char *file) {
    struct people *people = calloc(1, sizeof *people);
    scimdb_iter *iter = NULL;
    scimdb_error *err = NULL;
    const char *json = NULL;
    size_t json_n = 0;
    if (people == NULL || (people->file = strdup(file)) == NULL) {
        fail("out of memory");
    }
    people->db = db;
    people->rows = json_array();
    pthread_mutex_init(&people->lock, NULL);
    scimdb_code code = scimdb_iter_open(db, NULL, 0, "User", SCIMDB_NTS, NULL, 0, &iter, &err);
    while (code == SCIMDB_OK && (code = scimdb_iter_next(iter, &json, &json_n, &err)) == SCIMDB_OK) {
        insert_row(people->rows, row_of(json, json_n));
    }
    if (code != SCIMDB_DONE) {
        fail(scimdb_error_detail(err));
    }
    scimdb_iter_free(iter);
    write_file(people);
    return people;
}

void people_refresh(struct people *people, const char *id) {
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    pthread_mutex_lock(&people->lock);
    scimdb_code code = scimdb_get(people->db, NULL, 0, "User", SCIMDB_NTS, id, SCIMDB_NTS, NULL, 0, &out, &err);
    remove_row(people->rows, id);
    if (code == SCIMDB_OK) {
        insert_row(people->rows, row_of(out.data, out.len));
    } else if (code != SCIMDB_NOT_FOUND) {
        fail(scimdb_error_detail(err));
    }
    write_file(people);
    pthread_mutex_unlock(&people->lock);
    scimdb_error_free(err);
    scimdb_buf_free(&out);
}

char *people_json(struct people *people) {
    pthread_mutex_lock(&people->lock);
    char *json = json_dumps(people->rows, JSON_COMPACT);
    pthread_mutex_unlock(&people->lock);
    return json;
}

void people_close(struct people *people) {
    pthread_mutex_destroy(&people->lock);
    json_decref(people->rows);
    free(people->file);
    free(people);
}
