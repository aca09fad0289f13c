#include "bridge.h"

#include "_cgo_export.h"

void scimdb_go_error_read(const scimdb_error *error, scimdb_go_error *out) {
    out->code = scimdb_error_code(error);
    out->status = scimdb_error_status(error);
    out->retriable = scimdb_error_is_retriable(error);
    out->offset = scimdb_error_offset(error);
    out->name = scimdb_error_name(error);
    out->scim_type = scimdb_error_scim_type(error);
    out->detail = scimdb_error_detail(error);
    out->attribute = scimdb_error_attribute(error);
    out->json = scimdb_error_json(error);
}

static scimdb_code before_write(void *host, const char *write, size_t write_n, scimdb_decision *decision) {
    return scimdbGoBeforeWrite((uintptr_t)host, (char *)write, write_n, decision);
}

static void after_commit(void *host, const char *write, size_t write_n) {
    scimdbGoAfterCommit((uintptr_t)host, (char *)write, write_n);
}

static scimdb_code search_repositories(void *host, const char *query, size_t query_n, scimdb_found *found) {
    return scimdbGoSearchRepositories((uintptr_t)host, (char *)query, query_n, found);
}

static void changed(void *host, uint64_t sequence) { scimdbGoChanged((uintptr_t)host, sequence); }

static void logged(void *host, int32_t level, const char *text, size_t text_n) {
    scimdbGoLogged((uintptr_t)host, level, (char *)text, text_n);
}

static void drop(void *host) { scimdbGoDrop((uintptr_t)host); }

scimdb_code scimdb_go_set_hooks(scimdb_store *db, int before, int after, uintptr_t host, scimdb_error **err) {
    return scimdb_set_hooks(db, before ? before_write : NULL, after ? after_commit : NULL, (void *)host,
                            host != 0 ? drop : NULL, err);
}

scimdb_code scimdb_go_set_repositories(scimdb_store *db, uintptr_t host, scimdb_error **err) {
    return scimdb_set_repositories(db, host != 0 ? search_repositories : NULL, (void *)host, host != 0 ? drop : NULL, err);
}

scimdb_code scimdb_go_on_change(const scimdb_store *db, uintptr_t host, scimdb_subscription **out, scimdb_error **err) {
    return scimdb_on_change(db, changed, (void *)host, drop, out, err);
}

scimdb_code scimdb_go_set_log(int32_t level, uintptr_t host, scimdb_error **err) {
    return scimdb_set_log(host != 0 ? logged : NULL, level, (void *)host, host != 0 ? drop : NULL, err);
}
