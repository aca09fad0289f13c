/* A small product that is provisioned: it has a table of people of its own, kept in step by a hook.
   `people --port PORT --data DIR [--people FILE]`, the token of the identity provider in SCIM_TOKEN. */
#include "people.h"
#include "web.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char DOMAIN[] = "@example.com";

static int is_ours(const char *user_name) {
    size_t n = strlen(user_name), domain_n = sizeof DOMAIN - 1;
    return n > domain_n && strcmp(user_name + n - domain_n, DOMAIN) == 0;
}

/* Before a user is written: whoever is not of this company is refused, and who has no userType is an employee. */
static scimdb_code before_write(void *userdata, const char *write, size_t write_n, scimdb_decision *decision) {
    (void)userdata;
    scimdb_code code = SCIMDB_OK;
    json_t *told = json_loadb(write, write_n, 0, NULL);
    const char *type = json_string_value(json_object_get(told, "resourceType"));
    const json_t *after = json_object_get(told, "after");
    if (type != NULL && strcmp(type, "User") == 0 && json_is_object(after)) {
        const char *name = json_string_value(json_object_get(after, "userName"));
        if (name == NULL || !is_ours(name)) {
            scimdb_decision_refuse(
                decision, 400, "invalidValue", SCIMDB_NTS, "userName must end in @example.com", SCIMDB_NTS);
            code = SCIMDB_INVALID_VALUE;
        } else if (json_object_get(after, "userType") == NULL) {
            code = scimdb_decision_set(decision, "{\"userType\":\"Employee\"}", SCIMDB_NTS);
        }
    }
    json_decref(told);
    return code;
}

/* After a user was written: the table follows. */
static void after_commit(void *people, const char *write, size_t write_n) {
    json_t *told = json_loadb(write, write_n, 0, NULL);
    const char *type = json_string_value(json_object_get(told, "resourceType"));
    if (type != NULL && strcmp(type, "User") == 0) {
        people_refresh(people, json_string_value(json_object_get(told, "id")));
    }
    json_decref(told);
}

static const char *argument(int argc, char **argv, const char *name) {
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

static void must(scimdb_code code, const scimdb_error *err) {
    if (code != SCIMDB_OK) {
        fprintf(stderr, "%s\n", err ? scimdb_error_detail(err) : "the store could not be closed");
        exit(1);
    }
}

int main(int argc, char **argv) {
    const char *port = argument(argc, argv, "--port"), *data = argument(argc, argv, "--data"),
               *token = getenv("SCIM_TOKEN");
    const char *file = argument(argc, argv, "--people");
    if (port == NULL || data == NULL || token == NULL || *token == '\0') {
        fprintf(stderr, "usage: SCIM_TOKEN=... people --port PORT --data DIR [--people FILE]\n");
        return 2;
    }
    /* Every thread leaves these to the wait below. */
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);

    mkdir(data, 0700);
    char store[4096], table[4096];
    snprintf(store, sizeof store, "%s/store", data);
    snprintf(table, sizeof table, "%s/people.json", data);
    scimdb_store *db = NULL;
    scimdb_error *err = NULL;
    must(scimdb_open(store, SCIMDB_NTS, NULL, 0, &db, &err), err);
    struct people *people = people_open(db, file ? file : table);
    must(scimdb_set_hooks(db, before_write, after_commit, people, NULL, &err), err);
    struct web *web = web_start(db, people, atoi(port), token);
    if (web == NULL) {
        fprintf(stderr, "port %s cannot be listened on\n", port);
        return 1;
    }
    printf("listening on http://127.0.0.1:%d\n", web_port(web));
    fflush(stdout);

    int signal_number = 0;
    sigwait(&stop, &signal_number);
    web_stop(web);
    must(scimdb_close(db), NULL);
    people_close(people);
    return 0;
}
