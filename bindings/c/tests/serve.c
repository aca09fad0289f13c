/* The host as a server: scimdb_serve_start, its URL, and its end. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* The port of a URL such as http://127.0.0.1:7644/scim/v2. */
static int port_of(const char *url) {
    const char *colon = strchr(url + strlen("http://"), ':');
    CHECK(colon != NULL);
    return atoi(colon + 1);
}

/* Asks for a target over HTTP, and gives the status; -1: nobody listens. */
static int ask(int port, const char *target, const char *secret, char *answer, size_t room) {
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(peer >= 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(peer, (struct sockaddr *)&address, sizeof address) != 0) {
        close(peer);
        return -1;
    }
    char request[512];
    int n = snprintf(
        request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s%s%s\r\n", target,
        secret ? "Authorization: Bearer " : "", secret ? secret : "", secret ? "\r\n" : "");
    CHECK(send(peer, request, (size_t)n, MSG_NOSIGNAL) == n);
    size_t have = 0;
    for (;;) {
        CHECK(have < room);
        ssize_t got = recv(peer, answer + have, room - have - 1, 0);
        CHECK(got >= 0);
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    answer[have] = '\0';
    close(peer);
    CHECK(strncmp(answer, "HTTP/1.1 ", 9) == 0);
    return atoi(answer + 9);
}

static scimdb_server *serve(scimdb_store *db) {
    scimdb_error *err = NULL;
    scimdb_server *server = NULL;
    OK(scimdb_serve_start(db, L("{\"address\":\"127.0.0.1:0\"}"), &server, &err));
    CHECK(server != NULL);
    return server;
}

static void a_store_is_served(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    static char answer[1 << 16];
    scimdb_server *server = serve(db);
    OK(scimdb_serve_url(server, &out, &err));
    CHECK_HAS(out.data, "http://127.0.0.1:");
    int port = port_of(out.data);
    OK(scimdb_token_create(db, TENANT, S("check"), NONE, &out, &err));
    char *secret = at(out.data, "secret");
    char id[64], target[128];
    make_user(db, "ann", id);
    snprintf(target, sizeof target, "/scim/v2/Users/%s", id);
    CHECK_INT(ask(port, target, "wrong", answer, sizeof answer), 401);
    CHECK_INT(ask(port, target, NULL, answer, sizeof answer), 401);
    CHECK_INT(ask(port, target, secret, answer, sizeof answer), 200);
    CHECK_HAS(answer, "\"userName\":\"ann\"");
    OK(scimdb_serve_stop(server, 1000, &err));
    CHECK_INT(ask(port, target, secret, answer, sizeof answer), -1);
    FAILS(SCIMDB_MISUSE, scimdb_serve_url(server, &out, &err));
    FAILS(SCIMDB_MISUSE, scimdb_serve_stop(server, 0, &err));
    /* The store goes on, and may be served again. */
    CHECK_INT(count_users(db), 1);
    server = serve(db);
    OK(scimdb_serve_stop(server, 0, &err));
    free(secret);
    scimdb_buf_free(&out);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

static void a_wrong_configuration_is_refused(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_server *server = NULL;
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_serve_start(db, L("{\"adress\":\"127.0.0.1:0\"}"), &server, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_serve_start(db, L("{\"address\":\"nowhere\"}"), &server, &err));
    FAILS(SCIMDB_INVALID_ARGUMENT, scimdb_serve_start(db, L("{\"address\":\"0.0.0.0:0\"}"), &server, &err));
    FAILS(SCIMDB_MISUSE, scimdb_serve_start(db, NONE, NULL, &err));
    CHECK(server == NULL);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

/* The store's end is the server's: what is left of it is to be freed. */
static void a_served_store_is_closed(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_buf out = SCIMDB_BUF_INIT;
    scimdb_server *server = serve(db);
    static char answer[1 << 12];
    OK(scimdb_serve_url(server, &out, &err));
    int port = port_of(out.data);
    CHECK_INT(ask(port, "/scim/v2/Users", NULL, answer, sizeof answer), 401);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
    CHECK_INT(ask(port, "/scim/v2/Users", NULL, answer, sizeof answer), -1);
    OK(scimdb_serve_stop(server, 0, &err));
    FAILS(SCIMDB_MISUSE, scimdb_serve_stop(server, 0, &err));
    scimdb_buf_free(&out);
}

/* A library that was built without the server says so, and is a store all the same. */
static void nothing_is_served(void) {
    scimdb_store *db = open_memory();
    scimdb_error *err = NULL;
    scimdb_server *server = NULL;
    FAILS(SCIMDB_NOT_IMPLEMENTED, scimdb_serve_start(db, L("{\"address\":\"127.0.0.1:0\"}"), &server, &err));
    CHECK(server == NULL);
    CHECK_INT(count_users(db), 0);
    CHECK_INT(scimdb_close(db), SCIMDB_OK);
}

const struct test serve_tests[] = {
    {"serve: a store is served", a_store_is_served},
    {"serve: a wrong configuration is refused", a_wrong_configuration_is_refused},
    {"serve: a served store is closed", a_served_store_is_closed},
    END_OF_TESTS,
};

const struct test serverless_tests[] = {
    {"serve: nothing is served", nothing_is_served},
    END_OF_TESTS,
};
