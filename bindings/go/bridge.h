/* What Go cannot say in its own words: a frame for out-parameters, and callbacks that are Go functions. */
#ifndef SCIMDB_GO_BRIDGE_H
#define SCIMDB_GO_BRIDGE_H

#include <stdlib.h>

#include <scimdb.h>

/* The out-parameters of a call, in C's memory: Go gives no address of its own away, and buffers are used again. */
typedef struct scimdb_go_frame {
    scimdb_buf out;
    scimdb_buf headers;
    scimdb_error *err;
    int32_t number;
    const char *row;
    size_t row_n;
    scimdb_store *db;
    scimdb_iter *iter;
    scimdb_import *importer;
    scimdb_subscription *subscription;
    scimdb_server *server;
} scimdb_go_frame;

/* An error, taken apart in one call. The texts live as long as the error. */
typedef struct scimdb_go_error {
    scimdb_code code;
    int32_t status;
    int32_t retriable;
    int64_t offset;
    const char *name;
    const char *scim_type;
    const char *detail;
    const char *attribute;
    const char *json;
} scimdb_go_error;

void scimdb_go_error_read(const scimdb_error *error, scimdb_go_error *out);

/* `host` is a cgo.Handle: a number, that Go must not keep as a pointer. */
scimdb_code scimdb_go_set_hooks(scimdb_store *db, int before, int after, uintptr_t host, scimdb_error **err);
scimdb_code scimdb_go_set_repositories(scimdb_store *db, uintptr_t host, scimdb_error **err);
scimdb_code scimdb_go_on_change(const scimdb_store *db, uintptr_t host, scimdb_subscription **out, scimdb_error **err);
scimdb_code scimdb_go_set_log(int32_t level, uintptr_t host, scimdb_error **err);

#endif
