/* SCIM mounted in libmicrohttpd: a request goes into scimdb_handle, and its answer comes out. */
#include "web.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One byte more than the endpoint reads: it answers 413 to a body that is longer. */
#define MOST_BODY ((1u << 20) + 1)
static const char MOUNT[] = "/scim/v2";

struct web {
    struct MHD_Daemon *daemon;
    const scimdb_store *db;
    struct people *people;
    char *token, *context;
    int port;
};

/* A request that is being received. */
struct request {
    char *uri, *body;
    size_t body_n;
    int is_begun;
};

/* The first that is told of a request: its URI as it was sent. */
static void *receive(void *cls, const char *uri, struct MHD_Connection *connection) {
    (void)cls;
    (void)connection;
    struct request *request = calloc(1, sizeof *request);
    if (request != NULL && (request->uri = strdup(uri)) == NULL) {
        free(request);
        request = NULL;
    }
    return request;
}

static void forget(void *cls, struct MHD_Connection *connection, void **kept, enum MHD_RequestTerminationCode why) {
    (void)cls;
    (void)connection;
    (void)why;
    struct request *request = *kept;
    if (request != NULL) {
        free(request->uri);
        free(request->body);
        free(request);
        *kept = NULL;
    }
}

static enum MHD_Result keep_body(struct request *request, const char *data, size_t data_n) {
    if (request->body_n + data_n > MOST_BODY) {
        data_n = MOST_BODY - request->body_n;
    }
    char *body = realloc(request->body, request->body_n + data_n + 1);
    if (body == NULL) {
        return MHD_NO;
    }
    memcpy(body + request->body_n, data, data_n);
    request->body = body;
    request->body_n += data_n;
    return MHD_YES;
}

static enum MHD_Result add_header(void *headers, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    json_t *pair = json_pack("[s,s]", name, value ? value : "");
    /* A value that is no UTF-8 is left out: no header of SCIM has one. */
    return pair == NULL || json_array_append_new(headers, pair) == 0 ? MHD_YES : MHD_NO;
}

static enum MHD_Result
reply(struct MHD_Connection *connection, int status, const json_t *headers, const char *body, size_t body_n) {
    struct MHD_Response *response = MHD_create_response_from_buffer(body_n, (void *)body, MHD_RESPMEM_MUST_COPY);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)headers, name, value) {
        if (strcmp(name, "content-length") != 0) {
            MHD_add_response_header(response, name, json_string_value(value));
        }
    }
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
reply_with(struct MHD_Connection *connection, int status, const char *header, const char *value, const char *body) {
    json_t *headers = json_pack("{s:s}", header, value);
    enum MHD_Result result = reply(connection, status, headers, body, strlen(body));
    json_decref(headers);
    return result;
}

/* Takes as long wherever the secrets differ. */
static int is_token(const char *sent, const char *token) {
    static const char scheme[] = "Bearer ";
    if (sent == NULL || strncmp(sent, scheme, sizeof scheme - 1) != 0) {
        return 0;
    }
    sent += sizeof scheme - 1;
    size_t n = strlen(token);
    unsigned char differs = strlen(sent) != n;
    for (size_t i = 0; i < n && !(differs && i >= strlen(sent)); i++) {
        differs |= (unsigned char)(sent[i] ^ token[i]);
    }
    return !differs;
}

static enum MHD_Result
provision(const struct web *web, struct MHD_Connection *connection, const char *method, const struct request *request) {
    if (!is_token(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization"), web->token)) {
        return reply_with(
            connection, 401, "www-authenticate", "Bearer realm=\"SCIM\"",
            "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"401\"}");
    }
    json_t *headers = json_array();
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, headers);
    char *sent = json_dumps(headers, JSON_COMPACT);
    scimdb_buf out_headers = SCIMDB_BUF_INIT, out_body = SCIMDB_BUF_INIT;
    scimdb_error *err = NULL;
    int32_t status = 0;
    const char *target = request->uri + sizeof MOUNT - 1;
    scimdb_code code = scimdb_handle(
        web->db, NULL, 0, method, SCIMDB_NTS, *target ? target : "/", SCIMDB_NTS, sent, SCIMDB_NTS, request->body,
        request->body_n, web->context, SCIMDB_NTS, &status, &out_headers, &out_body, &err);
    enum MHD_Result result = MHD_NO;
    if (code == SCIMDB_OK) {
        json_t *told = json_loadb(out_headers.data, out_headers.len, 0, NULL);
        result = reply(connection, status, told, out_body.data, out_body.len);
        json_decref(told);
    } else {
        fprintf(stderr, "%s %s: %s\n", method, request->uri, scimdb_error_detail(err));
        result = reply_with(connection, 500, "content-type", "application/scim+json", scimdb_error_json(err));
    }
    scimdb_error_free(err);
    scimdb_buf_free(&out_headers);
    scimdb_buf_free(&out_body);
    free(sent);
    json_decref(headers);
    return result;
}

static enum MHD_Result answer(
    void *cls, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
    const char *data, size_t *data_n, void **kept) {
    (void)version;
    const struct web *web = cls;
    struct request *request = *kept;
    if (request == NULL) {
        return MHD_NO;
    }
    /* First the headers come, then the body in parts, and at last a call without one. */
    if (!request->is_begun) {
        request->is_begun = 1;
        return MHD_YES;
    }
    if (*data_n > 0) {
        enum MHD_Result result = keep_body(request, data, *data_n);
        *data_n = 0;
        return result;
    }
    if (strncmp(request->uri, MOUNT, sizeof MOUNT - 1) == 0 && strchr("/?", request->uri[sizeof MOUNT - 1]) != NULL) {
        return provision(web, connection, method, request);
    }
    if (strcmp(path, "/people") == 0 && strcmp(method, "GET") == 0) {
        char *json = people_json(web->people);
        enum MHD_Result result = reply_with(connection, 200, "content-type", "application/json", json);
        free(json);
        return result;
    }
    return reply_with(connection, 404, "content-type", "text/plain", "Nothing is here.\n");
}

struct web *web_start(const scimdb_store *db, struct people *people, int port, const char *token) {
    struct web *web = calloc(1, sizeof *web);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (web == NULL) {
        return NULL;
    }
    web->db = db;
    web->people = people;
    web->token = strdup(token);
    web->context = calloc(1, 128);
    web->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, answer, web, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_URI_LOG_CALLBACK, receive, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);
    if (web->daemon == NULL || web->token == NULL || web->context == NULL) {
        web_stop(web);
        return NULL;
    }
    web->port = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    snprintf(
        web->context, 128, "{\"base\":\"http://127.0.0.1:%d%s\",\"actor\":\"the identity provider\"}", web->port,
        MOUNT);
    return web;
}

int web_port(const struct web *web) {
    return web->port;
}

void web_stop(struct web *web) {
    if (web->daemon != NULL) {
        MHD_stop_daemon(web->daemon);
    }
    free(web->token);
    free(web->context);
    free(web);
}
