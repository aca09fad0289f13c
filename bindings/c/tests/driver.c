/* The driver that the corpus is run through in C: a request a line on stdin, an answer a line on stdout. */
#include <jansson.h>
#include <scimdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that was given, and its length; or none. */
#define GIVEN(text) (text).data, (text).n
#define ARGUMENTS(count) (sizeof(count) / sizeof(count)[0])

struct text {
    const char *data;
    size_t n;
};

/* A request that is carried out. What it needs for its time is freed at its end. */
struct call {
    const json_t *request;
    struct {
        const char *name;
        char *text;
    } made[4];
    size_t made_n;
    scimdb_buf out, headers;
    scimdb_error *err;
    json_t *ok;
};

static scimdb_store *db;

/* A text of the request; what is null or missing is none. */
static struct text text(const struct call *call, const char *name) {
    const json_t *value = json_object_get(call->request, name);
    return (struct text){json_string_value(value), json_string_length(value)};
}

/* Keeps a text for the time of the call. */
static struct text keep(struct call *call, const char *name, char *text, size_t n) {
    if (text == NULL || call->made_n == ARGUMENTS(call->made)) {
        fprintf(stderr, "there is no room for %s\n", name);
        exit(1);
    }
    call->made[call->made_n].name = name;
    call->made[call->made_n++].text = text;
    return (struct text){text, n};
}

/* A value of the request as JSON; what is null or missing is none. Asked for twice, it is the same text. */
static struct text json(struct call *call, const char *name) {
    for (size_t i = 0; i < call->made_n; i++) {
        if (strcmp(call->made[i].name, name) == 0) {
            return (struct text){call->made[i].text, strlen(call->made[i].text)};
        }
    }
    const json_t *value = json_object_get(call->request, name);
    if (value == NULL || json_is_null(value)) {
        return (struct text){NULL, 0};
    }
    char *made = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    return keep(call, name, made, made ? strlen(made) : 0);
}

static uint64_t number(const struct call *call, const char *name) {
    return (uint64_t)json_integer_value(json_object_get(call->request, name));
}

static json_t *or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *error_of(const scimdb_error *err) {
    int64_t offset = scimdb_error_offset(err);
    return json_pack(
        "{s:{s:i,s:s,s:i,s:o,s:s,s:o,s:o,s:b}}", "error", "code", (int)scimdb_error_code(err), "name",
        scimdb_error_name(err), "status", (int)scimdb_error_status(err), "scimType",
        or_null(scimdb_error_scim_type(err)), "detail", scimdb_error_detail(err), "attribute",
        or_null(scimdb_error_attribute(err)), "offset", offset < 0 ? json_null() : json_integer(offset), "retriable",
        (int)scimdb_error_is_retriable(err));
}

static scimdb_code hello(struct call *call) {
    call->ok = json_pack("{s:s,s:s,s:s}", "language", "c", "version", scimdb_version(), "kind", "binding");
    return SCIMDB_OK;
}

static scimdb_code open_store(struct call *call) {
    scimdb_code code = scimdb_close(db);
    db = NULL;
    return code == SCIMDB_OK ? scimdb_open(":memory:", SCIMDB_NTS, GIVEN(json(call, "options")), &db, &call->err)
                             : code;
}

static scimdb_code tenant_create(struct call *call) {
    return scimdb_tenant_create(db, GIVEN(text(call, "name")), GIVEN(json(call, "options")), &call->err);
}

static scimdb_code tenant_drop(struct call *call) {
    return scimdb_tenant_drop(db, GIVEN(text(call, "name")), &call->err);
}

static scimdb_code schema_put(struct call *call) {
    return scimdb_schema_put(db, GIVEN(text(call, "tenant")), GIVEN(json(call, "documents")), &call->err);
}

static scimdb_code create(struct call *call) {
    return scimdb_create(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "json")),
        GIVEN(json(call, "options")), &call->out, &call->err);
}

static scimdb_code get(struct call *call) {
    return scimdb_get(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "id")),
        GIVEN(json(call, "options")), &call->out, &call->err);
}

static scimdb_code replace(struct call *call) {
    return scimdb_replace(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "id")), GIVEN(text(call, "json")),
        GIVEN(json(call, "options")), &call->out, &call->err);
}

static scimdb_code patch(struct call *call) {
    return scimdb_patch(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "id")), GIVEN(text(call, "json")),
        GIVEN(json(call, "options")), &call->out, &call->err);
}

static scimdb_code delete_resource(struct call *call) {
    return scimdb_delete(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "id")),
        GIVEN(json(call, "options")), &call->err);
}

static scimdb_code search(struct call *call) {
    return scimdb_search(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "request")), &call->out,
        &call->err);
}

static scimdb_code explain(struct call *call) {
    return scimdb_explain(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "request")), &call->out,
        &call->err);
}

static scimdb_code iterate(struct call *call) {
    scimdb_iter *iter = NULL;
    const char *found = NULL;
    size_t found_n = 0;
    scimdb_code code = scimdb_iter_open(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "type")), GIVEN(text(call, "request")), &iter, &call->err);
    json_t *rows = json_array();
    while (code == SCIMDB_OK && (code = scimdb_iter_next(iter, &found, &found_n, &call->err)) == SCIMDB_OK) {
        json_array_append_new(rows, json_stringn(found, found_n));
    }
    scimdb_iter_free(iter);
    call->ok = json_pack("{s:o}", "json", rows);
    return code == SCIMDB_DONE ? SCIMDB_OK : code;
}

static scimdb_code bulk(struct call *call) {
    return scimdb_bulk(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "request")), GIVEN(json(call, "options")), &call->out,
        &call->err);
}

static scimdb_code import(struct call *call) {
    scimdb_import *import = NULL;
    scimdb_code code =
        scimdb_import_open(db, GIVEN(text(call, "tenant")), GIVEN(json(call, "options")), &import, &call->err);
    size_t index;
    json_t *chunk;
    json_array_foreach(json_object_get(call->request, "chunks"), index, chunk) {
        if (code == SCIMDB_OK) {
            code = scimdb_import_feed(import, json_string_value(chunk), json_string_length(chunk), &call->err);
        }
    }
    if (code == SCIMDB_OK) {
        return scimdb_import_finish(import, &call->out, &call->err);
    }
    scimdb_import_free(import);
    return code;
}

static scimdb_code changes(struct call *call) {
    return scimdb_changes(
        db, GIVEN(text(call, "tenant")), number(call, "since"), (uint32_t)number(call, "max"),
        (uint32_t)number(call, "wait_ms"), &call->out, &call->err);
}

/* Reads base64 (RFC 4648 section 4), in place of a library for one purpose. */
static struct text of_base64(struct call *call, struct text encoded) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *made = malloc(encoded.n + 1);
    size_t n = 0;
    unsigned bits = 0, have = 0;
    for (size_t i = 0; made != NULL && i < encoded.n && encoded.data[i] != '='; i++) {
        const char *letter = strchr(letters, encoded.data[i]);
        bits = (bits << 6 | (unsigned)(letter ? letter - letters : 0)) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            made[n++] = (char)(bits >> have & 0xff);
        }
    }
    return keep(call, "body", made, n);
}

static scimdb_code handle(struct call *call) {
    struct text body = text(call, "body_base64");
    body = body.data ? of_base64(call, body) : text(call, "body");
    int32_t status = 0;
    scimdb_code code = scimdb_handle(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "method")), GIVEN(text(call, "target")),
        GIVEN(json(call, "headers")), GIVEN(body), GIVEN(json(call, "context")), &status, &call->headers, &call->out,
        &call->err);
    if (code == SCIMDB_OK) {
        call->ok = json_pack(
            "{s:i,s:o,s:s%}", "status", (int)status, "headers",
            json_loadb(call->headers.data, call->headers.len, 0, NULL), "body", call->out.data, call->out.len);
    }
    return code;
}

static scimdb_code token_create(struct call *call) {
    return scimdb_token_create(
        db, GIVEN(text(call, "tenant")), GIVEN(text(call, "name")), GIVEN(json(call, "options")), &call->out,
        &call->err);
}

static scimdb_code authenticate(struct call *call) {
    return scimdb_authenticate(db, GIVEN(text(call, "secret")), &call->out, &call->err);
}

static scimdb_code stats(struct call *call) {
    return scimdb_stats(db, &call->out, &call->err);
}

static const struct {
    const char *op;
    scimdb_code (*run)(struct call *call);
} OPERATIONS[] = {
    {"hello", hello},
    {"open", open_store},
    {"tenant_create", tenant_create},
    {"tenant_drop", tenant_drop},
    {"schema_put", schema_put},
    {"create", create},
    {"get", get},
    {"replace", replace},
    {"patch", patch},
    {"delete", delete_resource},
    {"search", search},
    {"iterate", iterate},
    {"explain", explain},
    {"bulk", bulk},
    {"import", import},
    {"changes", changes},
    {"handle", handle},
    {"token_create", token_create},
    {"authenticate", authenticate},
    {"stats", stats},
};

/* Carries out a request, and gives its answer. */
static json_t *answer(const json_t *request) {
    const char *op = json_string_value(json_object_get(request, "op"));
    for (size_t i = 0; op != NULL && i < ARGUMENTS(OPERATIONS); i++) {
        if (strcmp(op, OPERATIONS[i].op) != 0) {
            continue;
        }
        struct call call = {.request = request, .out = SCIMDB_BUF_INIT, .headers = SCIMDB_BUF_INIT};
        scimdb_code code = OPERATIONS[i].run(&call);
        json_t *told;
        if (code != SCIMDB_OK) {
            told = error_of(call.err);
            json_decref(call.ok);
        } else if (call.ok != NULL) {
            told = json_pack("{s:o}", "ok", call.ok);
        } else if (call.out.data != NULL) {
            told = json_pack("{s:{s:s%}}", "ok", "json", call.out.data, call.out.len);
        } else {
            told = json_pack("{s:{}}", "ok");
        }
        scimdb_error_free(call.err);
        scimdb_buf_free(&call.out);
        scimdb_buf_free(&call.headers);
        for (size_t made = 0; made < call.made_n; made++) {
            free(call.made[made].text);
        }
        return told;
    }
    return json_pack("{s:b}", "unsupported", 1);
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, stdin)) > 0) {
        json_error_t wrong;
        json_t *request = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, &wrong);
        if (request == NULL) {
            fprintf(stderr, "a request is no JSON: %s\n", wrong.text);
            return 1;
        }
        json_t *told = answer(request);
        if (told == NULL || json_dumpf(told, stdout, JSON_COMPACT) != 0) {
            fprintf(stderr, "there is no answer to %s\n", line);
            return 1;
        }
        putchar('\n');
        fflush(stdout);
        json_decref(told);
        json_decref(request);
    }
    free(line);
    return scimdb_close(db) == SCIMDB_OK ? 0 : 1;
}
