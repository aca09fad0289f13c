// scimdb: the SQLite of identity. An embedded SCIM 2.0 store, in the process of its host.
//
// This file is made from src/ffi. docs/C-ABI.md tells more, and has examples.
//
// What holds for every function:
//
// 1. Handles are opaque: they are never dereferenced, by the caller or by the library. One that is closed, that never was
//    one, or is of another kind is answered with SCIMDB_MISUSE, from any thread, at any time.
// 2. Every function that can fail returns a scimdb_code: SCIMDB_OK, or the code of an error. The parameter err, where there is
//    one, may be NULL; on failure it gets an error, which the caller owns and gives back by scimdb_error_free. Nothing is
//    kept per thread.
// 3. Text goes in as a pointer and a length in bytes; the length SCIMDB_NTS says that it ends with a NUL. NULL with the
//    length 0 or SCIMDB_NTS is no text, which only parameters that are said to have a default may be: tenant (the tenant
//    "default"), options, context, headers, body, profile, and a search's type (all) and request (everything). Text is
//    UTF-8, and is checked; JSON and rows are bytes, whose errors are SCIM's.
// 4. Text comes out in a scimdb_buf, which the caller places, begins with SCIMDB_BUF_INIT, uses as often as it likes, and
//    frees by scimdb_buf_free. It always ends with a NUL, which its length does not count.
// 5. What is to be written to is untouched when a call fails.
// 6. To free or close NULL does nothing.
// 7. A function that takes a scimdb_store * may be called by any number of threads at once. One that takes an iterator or an
//    import lets one thread in at a time, and the others wait.
// 8. Options are JSON objects; an unknown name is an error (SCIMDB_INVALID_ARGUMENT).
// 9. A panic inside is a bug of the library. It is caught. On the thread of a call it is answered with SCIMDB_PANIC, and the
//    store with SCIMDB_POISONED from then on, until it is closed. On a thread of the library it ends what was done there: a
//    write is SCIMDB_INTERNAL, nothing of it is stored, and the store goes on.
// 10. After fork() a handle of the parent is answered with SCIMDB_MISUSE in the child, which can open stores of its own.
// 11. A callback comes with a pointer, userdata, and a function, drop (which may be NULL), that is called once with it when the
//     callback can run no more; also when it could not be registered. Callbacks must return: no longjmp, no exceptions.

#ifndef SCIMDB_H
#define SCIMDB_H

#include <stddef.h>
#include <stdint.h>
#define SCIMDB_VERSION "0.1.0"
#define SCIMDB_VERSION_MAJOR 0
#define SCIMDB_VERSION_MINOR 1
#define SCIMDB_VERSION_PATCH 0

// A length that says: the text ends with a NUL.
#define SCIMDB_NTS SIZE_MAX

// A buffer before its first use.
#define SCIMDB_BUF_INIT { NULL, 0, 0 }


// The version of the ABI that this header describes; scimdb_abi_version() tells that of the library. It changes when
// something in it is no longer what it was, not when something is added.
#define SCIMDB_ABI_VERSION 1

// What a host says to a write: good during the call of a scimdb_before_write_fn that it was given to, on any thread.
typedef struct scimdb_decision scimdb_decision;

// What went wrong in a call: owned by the caller, and freed with scimdb_error_free. What the accessors give is valid until
// then. Any thread may look at it.
typedef struct scimdb_error scimdb_error;

// What a host found: good during the call of a scimdb_repository_fn that it was given to, on any thread.
typedef struct scimdb_found scimdb_found;

// An import under way. One thread at a time: a second one waits. A hook of its rows may free it, and do nothing else with it.
typedef struct scimdb_import scimdb_import;

// What a search found. One thread at a time: a second one waits.
typedef struct scimdb_iter scimdb_iter;

// A server that runs on threads of the library.
typedef struct scimdb_server scimdb_server;

// An open store. Any number of threads may use it at once.
typedef struct scimdb_store scimdb_store;

// A callback that changes wake.
typedef struct scimdb_subscription scimdb_subscription;

// Text that a call gives: placed by the caller, begun with SCIMDB_BUF_INIT, used for any number of calls, and freed with
// scimdb_buf_free. `data` is NULL until the first call gave something, and NUL-terminated from then on; `len` does not
// count the NUL. Whatever it held before is overwritten. The library's memory stands behind it: only scimdb_buf_free
// frees it.
typedef struct scimdb_buf {
  // The bytes.
  char *data;
  // How many there are, without the NUL.
  size_t len;
  // How many there is room for.
  size_t cap;
} scimdb_buf;

// What a function returns: SCIMDB_OK, SCIMDB_DONE, or the code of an error. Numbers keep their meaning for ever.
typedef int32_t scimdb_code;

// Is told the newest sequence number after something changed.
typedef void (*scimdb_on_change_fn)(void *userdata,
                                    uint64_t sequence);

// How a host lets go of what a callback was given.
typedef void (*scimdb_drop_fn)(void *userdata);

// Is asked about a write before it is made: a JSON object with operation (create, modify, delete), tenant, resourceType,
// id, actor (or null), before (the resource, null when it is created) and after (null when it is deleted). Everything is
// shown that may ever be returned, but for members.display. SCIMDB_OK lets the write be made, with what
// scimdb_decision_set says; anything else refuses it, as scimdb_decision_refuse says, or with 400 invalidValue.
//
// The store can be read inside, as it was before the write; to write to a store, or to close one, is SCIMDB_MISUSE. Every
// other writer waits meanwhile: it must not wait for another thread that writes. It may be asked more than once about a
// write, and about one that comes to nothing.
typedef scimdb_code (*scimdb_before_write_fn)(void *userdata,
                                              const char *write,
                                              size_t write_n,
                                              struct scimdb_decision *decision);

// Is told of a write that was made and is durable: the object of before, with sequence and version too. The store can be
// read and written inside. Threads that write at the same time are told at the same time, in any order: sequence tells
// which came first. A crash between the two loses the call, and scimdb_changes still tells of the write.
typedef void (*scimdb_after_commit_fn)(void *userdata,
                                       const char *write,
                                       size_t write_n);

// Looks into the repositories of the host: a JSON object with tenant, resourceType, filter (as it was sent, or null) and count
// (resources of the page at most). It gives what may be found by scimdb_found_add, and SCIMDB_OK. Anything else fails the
// search, as scimdb_found_fail says, or with SCIMDB_UNAVAILABLE.
//
// It is called on the thread that searches, by any number of threads at once. The store can be read and written inside, but
// not closed.
typedef scimdb_code (*scimdb_repository_fn)(void *userdata,
                                            const char *query,
                                            size_t query_n,
                                            struct scimdb_found *found);

// What is told of what happens inside: a line of text without values of attributes, and its level (1 error, 2 warning,
// 3 info, 4 debug, 5 trace). It is called on a thread of the library's own, one line after the other, and holds up nothing:
// where it is slow, lines are left out, and a later one says how many.
typedef void (*scimdb_log_fn)(void *userdata,
                              int32_t level,
                              const char *text,
                              size_t text_n);

// It worked.
#define SCIMDB_OK 0

// An iterator has no more.
#define SCIMDB_DONE 100

// The filter cannot be parsed or bound (RFC 7644 section 3.4.2.2).
#define SCIMDB_INVALID_FILTER 1

// The body is not what the request needs (RFC 7644 table 9).
#define SCIMDB_INVALID_SYNTAX 2

// A PATCH or projection path names no attribute.
#define SCIMDB_INVALID_PATH 3

// A value is missing, of the wrong type, or breaks a rule of the schema.
#define SCIMDB_INVALID_VALUE 4

// A PATCH path with a filter selects nothing.
#define SCIMDB_NO_TARGET 5

// A readOnly or immutable attribute would change.
#define SCIMDB_MUTABILITY 6

// A unique value is taken.
#define SCIMDB_UNIQUENESS 7

// The answer would be larger than the server is willing to make.
#define SCIMDB_TOO_MANY 8

// The protocol version is not supported.
#define SCIMDB_INVALID_VERSION 9

// The request may not travel in a URL (RFC 7644 section 7.5.2).
#define SCIMDB_SENSITIVE 10

// The cursor is not one of ours, or not for this request (RFC 9865).
#define SCIMDB_INVALID_CURSOR 11

// The cursor has expired (RFC 9865).
#define SCIMDB_EXPIRED_CURSOR 12

// The count does not fit the cursor (RFC 9865).
#define SCIMDB_INVALID_COUNT 13

// An argument outside the SCIM message is wrong: an option, a name, a setting.
#define SCIMDB_INVALID_ARGUMENT 14

// No such resource.
#define SCIMDB_NOT_FOUND 20

// No such tenant.
#define SCIMDB_UNKNOWN_TENANT 21

// No such resource type or schema.
#define SCIMDB_UNKNOWN_TYPE 22

// It exists already: a tenant, or a token's name. (An id that is taken is `Uniqueness`.)
#define SCIMDB_ALREADY_EXISTS 23

// The resource's version is not the one the caller named (RFC 7644 section 3.14).
#define SCIMDB_VERSION_MISMATCH 24

// The resource still has the version the caller named (RFC 7644 section 3.14).
#define SCIMDB_NOT_MODIFIED 25

// No credentials, or wrong ones.
#define SCIMDB_UNAUTHENTICATED 26

// The credentials do not allow it.
#define SCIMDB_FORBIDDEN 27

// The request is larger than the limit.
#define SCIMDB_PAYLOAD_TOO_LARGE 28

// Data in use stands in the way: a schema change that stored resources contradict.
#define SCIMDB_IN_USE 29

// The store does not do this.
#define SCIMDB_NOT_IMPLEMENTED 30

// The change log does not reach there: read everything again, and go on from now.
#define SCIMDB_OUT_OF_RANGE 31

// The resource does not have this method.
#define SCIMDB_METHOD_NOT_ALLOWED 32

// The body is of a media type or in an encoding that the store does not read.
#define SCIMDB_UNSUPPORTED_MEDIA_TYPE 33

// The caller sends more requests than it may.
#define SCIMDB_TOO_MANY_REQUESTS 34

// The call itself is wrong: a NULL, a handle that is closed, text that is not UTF-8.
#define SCIMDB_MISUSE 35

// Another process or handle holds the store.
#define SCIMDB_LOCKED 40

// The store is closed, closing, or recovering from an I/O error.
#define SCIMDB_UNAVAILABLE 41

// Reading or writing failed.
#define SCIMDB_IO 42

// The disk is full.
#define SCIMDB_DISK_FULL 43

// The store was written in a format that this version does not know.
#define SCIMDB_UNKNOWN_FORMAT 44

// The caller went away.
#define SCIMDB_CANCELLED 45

// The deadline that the caller set, or the longest that the server allows, passed before the answer was ready.
#define SCIMDB_DEADLINE_EXCEEDED 46

// Stored data is damaged.
#define SCIMDB_CORRUPT 60

// A bug.
#define SCIMDB_INTERNAL 61

// The call ended in a panic, which is a bug of the library.
#define SCIMDB_PANIC 62

// An earlier call ended in a panic: the store answers nothing until it was closed and opened again.
#define SCIMDB_POISONED 63

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Frees what a buffer holds. It is as new afterwards. NULL, or a buffer that is new: nothing happens.
//
// # Safety
// `buf` is NULL or points to a buffer that nobody else uses meanwhile.
void scimdb_buf_free(struct scimdb_buf *buf);

// The code: what the call returned. SCIMDB_OK for NULL.
scimdb_code scimdb_error_code(const struct scimdb_error *error);

// The HTTP status that the error has in SCIM (RFC 7644 section 3.12). 0 for NULL.
int32_t scimdb_error_status(const struct scimdb_error *error);

// The name of the code, in capitals: INVALID_FILTER. NULL for NULL.
const char *scimdb_error_name(const struct scimdb_error *error);

// The scimType (RFC 7644 table 9), or NULL where there is none.
const char *scimdb_error_scim_type(const struct scimdb_error *error);

// A sentence for people: what is wrong, and how to mend it. NULL for NULL.
const char *scimdb_error_detail(const struct scimdb_error *error);

// The path of the attribute that is to blame, or NULL.
const char *scimdb_error_attribute(const struct scimdb_error *error);

// The byte in the filter, the path or the JSON that is to blame, counted from 0, or -1.
int64_t scimdb_error_offset(const struct scimdb_error *error);

// 1 if the same call may succeed later, otherwise 0.
int32_t scimdb_error_is_retriable(const struct scimdb_error *error);

// The error as SCIM's Error message (RFC 7644 section 3.12). NULL for NULL.
const char *scimdb_error_json(const struct scimdb_error *error);

// Frees an error. NULL, or one that was freed: nothing happens.
void scimdb_error_free(struct scimdb_error *error);

// The version of the library, like 0.1.0.
const char *scimdb_version(void);

// The version of the library's ABI. A program may compare it with SCIMDB_ABI_VERSION, which it was built with.
uint32_t scimdb_abi_version(void);

// Opens the store in a directory, and makes it where there is none; the path ":memory:" opens one in memory, which is gone
// when it is closed. Options: a JSON object with cacheBytes, create (bool), defaultPage, maxPage, cursorTtlSeconds,
// maxBulkOperations, keepChanges, hashMemoryBytes, holder (text), index {enabled, from, recent, durableFrom, maxRecent,
// mergeAbove, maxOpen, maxMemory, idleSeconds}, share (bool), and for values that profiles encrypt either valueKeys (an array of
// {id, key: base64 of 32 bytes}, of which the first is the current one) or valueKeysFile (the path of {keys: such an array}).
//
// Fails with SCIMDB_LOCKED where another process holds the store: the detail names it. With share, it opens as well where that
// process has set share too: calls are carried out there then, and when it is gone, by the next that calls. Only
// scimdb_serve_start is SCIMDB_NOT_IMPLEMENTED where another process holds the store; hooks and repositories are set
// in every process, and run where it is held. Opening waits up to 30 seconds for that process to answer, and a call 60.
scimdb_code scimdb_open(const char *path,
                        size_t path_n,
                        const char *options,
                        size_t options_n,
                        struct scimdb_store **out,
                        struct scimdb_error **err);

// Closes a store. Calls that are under way are waited for, but for waits for changes and imports: SCIMDB_UNAVAILABLE.
// Later ones are answered with SCIMDB_MISUSE, unless a hook of a write that is waited for makes them. Its iterators give
// no more, and its servers are stopped: calls of their clients may go on for drainSeconds (20). What was acknowledged is on
// the disk. NULL: nothing happens. Not from within a callback of the same store, nor any store from within a before-write.
scimdb_code scimdb_close(struct scimdb_store *db);

// Answers an HTTP request for the SCIM endpoint of a tenant (RFC 7644). The method is in capitals; the target is what
// stands behind the base of the endpoint, with the query: /Users?count=1; headers are a JSON object, or an array of
// [name, value]; the body is bytes. Headers of the answer are a JSON object, in lower case; content-length is left to the
// host, except for HEAD.
//
// Context: base (the URL of the endpoint), actor (for the change log), subject (the id of the resource that /Me is),
// scope (read, write, admin: what the caller may do; write), permissions (array: the permissions of the tenant's profile
// that the caller is limited to; none), authenticate (bool: find all of these by the bearer token of the authorization
// header, and answer 401 or 403 without), maxBodyBytes, authenticationSchemes (array of objects with type, name,
// description, specUri), documentationUri.
//
// What is wrong with the request is told by the answer, a SCIM error with its status, and is no error of this call.
scimdb_code scimdb_handle(const struct scimdb_store *db,
                          const char *tenant,
                          size_t tenant_n,
                          const char *method,
                          size_t method_n,
                          const char *target,
                          size_t target_n,
                          const char *headers,
                          size_t headers_n,
                          const char *body,
                          size_t body_n,
                          const char *context,
                          size_t context_n,
                          int32_t *out_status,
                          struct scimdb_buf *out_headers,
                          struct scimdb_buf *out_body,
                          struct scimdb_error **err);

// Gets a resource (RFC 7644 section 3.4.1): its JSON. Options: attributes, excludedAttributes (arrays of names),
// ifNoneMatch (a version; SCIMDB_NOT_MODIFIED if the resource still has it), base.
scimdb_code scimdb_get(const struct scimdb_store *db,
                       const char *tenant,
                       size_t tenant_n,
                       const char *resource_type,
                       size_t resource_type_n,
                       const char *id,
                       size_t id_n,
                       const char *options,
                       size_t options_n,
                       struct scimdb_buf *out,
                       struct scimdb_error **err);

// Creates a resource (RFC 7644 section 3.3), and answers with it. Options: attributes, excludedAttributes, actor (for the
// change log), base, id (otherwise the store makes one).
scimdb_code scimdb_create(const struct scimdb_store *db,
                          const char *tenant,
                          size_t tenant_n,
                          const char *resource_type,
                          size_t resource_type_n,
                          const char *json,
                          size_t json_n,
                          const char *options,
                          size_t options_n,
                          struct scimdb_buf *out,
                          struct scimdb_error **err);

// Replaces a resource (RFC 7644 section 3.5.1), and answers with it. Options: attributes, excludedAttributes, ifMatch,
// ifNoneMatch (versions; SCIMDB_VERSION_MISMATCH), actor, base.
scimdb_code scimdb_replace(const struct scimdb_store *db,
                           const char *tenant,
                           size_t tenant_n,
                           const char *resource_type,
                           size_t resource_type_n,
                           const char *id,
                           size_t id_n,
                           const char *json,
                           size_t json_n,
                           const char *options,
                           size_t options_n,
                           struct scimdb_buf *out,
                           struct scimdb_error **err);

// Changes a resource by a PatchOp message (RFC 7644 section 3.5.2), and answers with the whole of it. Options: as
// scimdb_replace.
scimdb_code scimdb_patch(const struct scimdb_store *db,
                         const char *tenant,
                         size_t tenant_n,
                         const char *resource_type,
                         size_t resource_type_n,
                         const char *id,
                         size_t id_n,
                         const char *json,
                         size_t json_n,
                         const char *options,
                         size_t options_n,
                         struct scimdb_buf *out,
                         struct scimdb_error **err);

// Deletes a resource (RFC 7644 section 3.6). Options: ifMatch, ifNoneMatch, actor.
scimdb_code scimdb_delete(const struct scimdb_store *db,
                          const char *tenant,
                          size_t tenant_n,
                          const char *resource_type,
                          size_t resource_type_n,
                          const char *id,
                          size_t id_n,
                          const char *options,
                          size_t options_n,
                          struct scimdb_error **err);

// Whether a password is that of a user: 1 or 0. Takes as long for a user without one, or who does not exist.
scimdb_code scimdb_verify_password(const struct scimdb_store *db,
                                   const char *tenant,
                                   size_t tenant_n,
                                   const char *resource_type,
                                   size_t resource_type_n,
                                   const char *id,
                                   size_t id_n,
                                   const char *password,
                                   size_t password_n,
                                   int32_t *out_matches,
                                   struct scimdb_error **err);

// Searches a resource type, or all where none is named. The request is a SearchRequest message (RFC 7644 section 3.4.3;
// schemas may be missing; cursors of RFC 9865), none finds everything. The answer is a ListResponse, one page of it.
scimdb_code scimdb_search(const struct scimdb_store *db,
                          const char *tenant,
                          size_t tenant_n,
                          const char *resource_type,
                          size_t resource_type_n,
                          const char *request,
                          size_t request_n,
                          struct scimdb_buf *out,
                          struct scimdb_error **err);

// Tells how a search is carried out: an object with steps, total, micros.
scimdb_code scimdb_explain(const struct scimdb_store *db,
                           const char *tenant,
                           size_t tenant_n,
                           const char *resource_type,
                           size_t resource_type_n,
                           const char *request,
                           size_t request_n,
                           struct scimdb_buf *out,
                           struct scimdb_error **err);

// Carries out a BulkRequest message (RFC 7644 section 3.7), and answers with a BulkResponse. Options: actor, base.
scimdb_code scimdb_bulk(const struct scimdb_store *db,
                        const char *tenant,
                        size_t tenant_n,
                        const char *request,
                        size_t request_n,
                        const char *options,
                        size_t options_n,
                        struct scimdb_buf *out,
                        struct scimdb_error **err);

// Begins an import of resources as newline-delimited JSON. Rows are committed in batches; a row that is wrong stops no
// other. Options: resourceType (of rows that do not tell theirs), onConflict (fail, skip, replace; fail), restore (bool:
// keep meta and readOnly attributes, as an export has them), actor, queue (bool). Where another process holds the store, the
// import is SCIMDB_UNAVAILABLE once that ends: what it had committed stays.
//
// With queue, what is fed is one JSON object instead: users (array of resources), group {value: the id of a group that they
// become members of}, authenticatorPolicy (where the tenant's profile has authenticators). It goes to the disk as it comes,
// and is there as a whole or not at all: scimdb_import_finish queues it, and the library imports it, in the order in which
// imports came. scimdb_job_get tells how far it is. A crash or a close holds it up until the store is opened again.
// resourceType is that of all users then (User); onConflict and restore are SCIMDB_INVALID_ARGUMENT.
scimdb_code scimdb_import_open(const struct scimdb_store *db,
                               const char *tenant,
                               size_t tenant_n,
                               const char *options,
                               size_t options_n,
                               struct scimdb_import **out,
                               struct scimdb_error **err);

// Gives rows to an import, or a part of what is to be queued: bytes that may end anywhere, in the middle of a row or of a
// character. What is wrong in what is to be queued ends the import, by a later call or by scimdb_import_finish.
scimdb_code scimdb_import_feed(struct scimdb_import *import,
                               const char *bytes,
                               size_t bytes_n,
                               struct scimdb_error **err);

// Commits what is left, and frees the import, whatever comes of it. The answer is an object with read, created, replaced,
// skipped, rejected, and the array rejects of objects with row (its line, from 1), error (a SCIM error) and input.
//
// Of one that is queued the answer is the job, as scimdb_job_get tells it: all of it is durable then, and nothing of it may
// be imported yet.
scimdb_code scimdb_import_finish(struct scimdb_import *import,
                                 struct scimdb_buf *out,
                                 struct scimdb_error **err);

// Gives an import up: rows that are not committed yet are gone, but for up to 8,000 that were about to be, which are
// committed still. Of one that was to be queued nothing is left. NULL, or one that has ended: nothing happens.
void scimdb_import_free(struct scimdb_import *import);

// Tells how far an import is that was queued, by its correlationId: an object with correlationId, status (importing, done,
// failed), resourceType, importSize, processed, imported, alreadyExisted, failed, group, actor, created, finished, reason, and
// the array failures of objects with row, externalId and detail. Options: waitSeconds (how long to wait until it has ended; 0):
// then it is told as it stands. scimdb_interrupt ends a wait with SCIMDB_CANCELLED, scimdb_close with SCIMDB_UNAVAILABLE.
scimdb_code scimdb_job_get(const struct scimdb_store *db,
                           const char *tenant,
                           size_t tenant_n,
                           const char *correlation_id,
                           size_t correlation_id_n,
                           const char *options,
                           size_t options_n,
                           struct scimdb_buf *out,
                           struct scimdb_error **err);

// The imports of a tenant that were queued, in the order in which they came, the last thousand of those that have ended: an
// object with the array jobs, of objects as scimdb_job_get tells them.
scimdb_code scimdb_job_list(const struct scimdb_store *db,
                            const char *tenant,
                            size_t tenant_n,
                            struct scimdb_buf *out,
                            struct scimdb_error **err);

// Begins an iterator over everything that a search finds, of one state: what is written later is not seen. Of the request,
// startIndex and count hold where they are given, without the limit of a page; cursor is ignored. It holds the state: free
// it when it is not needed. Where another process holds the store, it is SCIMDB_UNAVAILABLE once that ends.
scimdb_code scimdb_iter_open(const struct scimdb_store *db,
                             const char *tenant,
                             size_t tenant_n,
                             const char *resource_type,
                             size_t resource_type_n,
                             const char *request,
                             size_t request_n,
                             struct scimdb_iter **out,
                             struct scimdb_error **err);

// The next resource as JSON, NUL-terminated: it stays until the next call with the iterator, or until that is freed.
// SCIMDB_DONE when there are no more.
scimdb_code scimdb_iter_next(struct scimdb_iter *iter,
                             const char **out_json,
                             size_t *out_json_n,
                             struct scimdb_error **err);

// The next resources as newline-delimited JSON: one at least, and then until there are max of them or max_bytes bytes.
// SCIMDB_DONE when there are no more. For hosts to whom each call costs more than a resource.
scimdb_code scimdb_iter_next_many(struct scimdb_iter *iter,
                                  uint32_t max,
                                  size_t max_bytes,
                                  struct scimdb_buf *out,
                                  struct scimdb_error **err);

// Frees an iterator, whether it came to its end or not. NULL: nothing happens.
void scimdb_iter_free(struct scimdb_iter *iter);

// The changes after a sequence number, oldest first: an object with the array changes (of objects with sequence, time, actor,
// operation (create, modify, delete), resourceType, id, attributes) and last, the number to go on from: max changes at
// most. If there are none yet, waits wait_ms milliseconds for the first, and tells none then. SCIMDB_OUT_OF_RANGE where the
// change log does not reach back that far; SCIMDB_UNAVAILABLE where the store is closed meanwhile.
scimdb_code scimdb_changes(const struct scimdb_store *db,
                           const char *tenant,
                           size_t tenant_n,
                           uint64_t since,
                           uint32_t max,
                           uint32_t wait_ms,
                           struct scimdb_buf *out,
                           struct scimdb_error **err);

// Has a callback called when something changed, in any tenant, with the newest sequence number: on one thread of the library's
// own, several changes together. It only wakes: calls with a store inside are SCIMDB_MISUSE; what changed,
// scimdb_changes tells. It holds nothing up but other callbacks of this kind. Where another process holds the store each
// callback has a thread of its own.
scimdb_code scimdb_on_change(const struct scimdb_store *db,
                             scimdb_on_change_fn callback,
                             void *userdata,
                             scimdb_drop_fn drop,
                             struct scimdb_subscription **out,
                             struct scimdb_error **err);

// Ends a subscription. When it returns the callback runs no more, and its userdata was let go of; inside the callback itself
// it does not wait for that. NULL: nothing happens.
void scimdb_subscription_free(struct scimdb_subscription *subscription);

// Gives a store the hooks of its host; both NULL takes them away. They run on the thread that made the call, before inside
// the transaction of the write and after once it is durable, for every resource that is created, changed or deleted: each
// operation of a bulk request, each row of an import. Not for what follows from a write: a group that loses a member because
// that is deleted, the resources of a tenant that is dropped; nor for a write that changes nothing. scimdb_changes tells all
// of them. The ones before are let go of when the last write that began with them is done, which is not waited for.
//
// Of a store that is shared they run in the process that holds it. Set the same in every process: they are kept until it
// holds the store, and meanwhile its writes are SCIMDB_UNAVAILABLE where the holder has set none.
scimdb_code scimdb_set_hooks(struct scimdb_store *db,
                             scimdb_before_write_fn before,
                             scimdb_after_commit_fn after,
                             void *userdata,
                             scimdb_drop_fn drop,
                             struct scimdb_error **err);

// Says how a write is refused: the HTTP status and scimType (NULL: none) that the client gets, and a sentence for it. A pair
// that SCIM does not know becomes 400 invalidValue.
scimdb_code scimdb_decision_refuse(struct scimdb_decision *decision,
                                   int32_t status,
                                   const char *scim_type,
                                   size_t scim_type_n,
                                   const char *detail,
                                   size_t detail_n);

// Sets attributes of the resource that is written: a JSON object, each attribute whole, readOnly ones too; null takes one
// away. What cannot be stored fails the write with SCIMDB_INTERNAL: it is the host's fault, not its client's.
scimdb_code scimdb_decision_set(struct scimdb_decision *decision,
                                const char *attributes,
                                size_t attributes_n);

// Gives a store the repositories of its host; NULL takes them away. They are asked by searches with searchRepositories, of
// scimdb_search and of the endpoint, in tenants whose profile has repositories. What they give is bound to the resource type,
// compared with the filter again, and told behind what the store has, as far as the page has room. The ones before are let go
// of when the last search that asks them is done, which is not waited for.
//
// Of a store that is shared they run in the process that holds it. Set the same in every process: they are kept until it
// holds the store, and meanwhile its searches are SCIMDB_UNAVAILABLE where the holder has set none.
scimdb_code scimdb_set_repositories(struct scimdb_store *db,
                                    scimdb_repository_fn search,
                                    void *userdata,
                                    scimdb_drop_fn drop,
                                    struct scimdb_error **err);

// Adds a resource to what a search of repositories found: its JSON. One that is no resource of the type that was asked for
// fails the search with SCIMDB_INTERNAL: it is the host's fault, not its client's.
scimdb_code scimdb_found_add(struct scimdb_found *found,
                             const char *resource,
                             size_t resource_n);

// Says how a search fails: the HTTP status that the client gets, and a sentence for it. A status that SCIM does not know
// becomes 400 invalidValue.
scimdb_code scimdb_found_fail(struct scimdb_found *found,
                              int32_t status,
                              const char *detail,
                              size_t detail_n);

// Registers schemas and resource types: a Schema or a ResourceType document (RFC 7643 sections 6 and 7), or an array of
// them, all together or not at all. SCIMDB_IN_USE where stored resources contradict them.
scimdb_code scimdb_schema_put(const struct scimdb_store *db,
                              const char *tenant,
                              size_t tenant_n,
                              const char *documents,
                              size_t documents_n,
                              struct scimdb_error **err);

// Removes a schema by its URN, or a resource type by its name.
scimdb_code scimdb_schema_remove(const struct scimdb_store *db,
                                 const char *tenant,
                                 size_t tenant_n,
                                 const char *urn_or_name,
                                 size_t urn_or_name_n,
                                 struct scimdb_error **err);

// The schemas and resource types of a tenant: an object with the arrays schemas and resourceTypes.
scimdb_code scimdb_schema_list(const struct scimdb_store *db,
                               const char *tenant,
                               size_t tenant_n,
                               struct scimdb_buf *out,
                               struct scimdb_error **err);

// Makes a tenant. Options: profile, a name (strict, entra, okta, activid, absorb, activtrak) or a document.
scimdb_code scimdb_tenant_create(const struct scimdb_store *db,
                                 const char *name,
                                 size_t name_n,
                                 const char *options,
                                 size_t options_n,
                                 struct scimdb_error **err);

// Changes the settings of a tenant. Options: as scimdb_tenant_create.
scimdb_code scimdb_tenant_configure(const struct scimdb_store *db,
                                    const char *name,
                                    size_t name_n,
                                    const char *options,
                                    size_t options_n,
                                    struct scimdb_error **err);

// Removes a tenant with everything in it.
scimdb_code scimdb_tenant_drop(const struct scimdb_store *db,
                               const char *name,
                               size_t name_n,
                               struct scimdb_error **err);

// The tenants: an object with the array tenants, of objects with name and profile. A new store has one, default.
scimdb_code scimdb_tenant_list(const struct scimdb_store *db,
                               struct scimdb_buf *out,
                               struct scimdb_error **err);

// Reads every resource of a tenant, and tells which of them a profile would refuse if they were written as they are: a name
// (strict, entra, okta, activid, absorb, activtrak) or a document; NULL is the tenant's own. Nothing is changed. The answer is
// an object with profile, resources, refused, the array counts of objects with resourceType, attribute, rule and count, and
// the array findings, a hundred at most, of objects with resourceType, id, attribute, rule and detail.
scimdb_code scimdb_profile_check(const struct scimdb_store *db,
                                 const char *tenant,
                                 size_t tenant_n,
                                 const char *profile,
                                 size_t profile_n,
                                 struct scimdb_buf *out,
                                 struct scimdb_error **err);

// Makes a bearer token: an object with name and secret, which is told this once. Options: scope (read, write, admin; write),
// lifetimeSeconds (for ever), subject (the id of the resource that its bearer is: what /Me shows), permissions (array: the
// permissions of the tenant's profile that it is limited to; none).
scimdb_code scimdb_token_create(const struct scimdb_store *db,
                                const char *tenant,
                                size_t tenant_n,
                                const char *name,
                                size_t name_n,
                                const char *options,
                                size_t options_n,
                                struct scimdb_buf *out,
                                struct scimdb_error **err);

// Gives a token a new secret: the same answer as scimdb_token_create. What the token was made with stays, and its old secret
// is unknown from now on.
scimdb_code scimdb_token_regenerate(const struct scimdb_store *db,
                                    const char *tenant,
                                    size_t tenant_n,
                                    const char *name,
                                    size_t name_n,
                                    struct scimdb_buf *out,
                                    struct scimdb_error **err);

// Revokes a token: from now on it is unknown.
scimdb_code scimdb_token_revoke(const struct scimdb_store *db,
                                const char *tenant,
                                size_t tenant_n,
                                const char *name,
                                size_t name_n,
                                struct scimdb_error **err);

// The tokens of a tenant, without their secrets: an object with the array tokens, of objects with name, scope, created,
// expires, subject, permissions.
scimdb_code scimdb_token_list(const struct scimdb_store *db,
                              const char *tenant,
                              size_t tenant_n,
                              struct scimdb_buf *out,
                              struct scimdb_error **err);

// Finds who a bearer token belongs to: an object with tenant, name, scope, subject, permissions. SCIMDB_UNAUTHENTICATED
// where it is unknown, revoked or expired.
scimdb_code scimdb_authenticate(const struct scimdb_store *db,
                                const char *secret,
                                size_t secret_n,
                                struct scimdb_buf *out,
                                struct scimdb_error **err);

// Forgets the resources of a type that had an externalId and were deleted: purges every trace of them from the change log, the
// index and the file, which is written anew; everybody else waits meanwhile, and it for iterators as scimdb_check does. The
// answer is an object with resources, how many there were. SCIMDB_IN_USE while a resource has the externalId,
// SCIMDB_NOT_FOUND where none that was deleted had it. Options: actor. What a crash cuts short is finished when the store is
// opened again, what an error cuts short by the same call.
scimdb_code scimdb_forget(const struct scimdb_store *db,
                          const char *tenant,
                          size_t tenant_n,
                          const char *resource_type,
                          size_t resource_type_n,
                          const char *external_id,
                          size_t external_id_n,
                          const char *options,
                          size_t options_n,
                          struct scimdb_buf *out,
                          struct scimdb_error **err);

// Reads the keys of encrypted values again, those of valueKeysFile, and seals everything by the first of them that is sealed by
// another: an object with rewritten, how many resources were sealed again. Afterwards only older backups need the others.
// Others read and write meanwhile. What an error cuts short goes on by the same call. SCIMDB_INVALID_ARGUMENT where the store
// was opened without keys.
scimdb_code scimdb_value_keys_rotate(const struct scimdb_store *db,
                                     struct scimdb_buf *out,
                                     struct scimdb_error **err);

// Counts: an object with fileBytes, sequence, and the array tenants.
scimdb_code scimdb_stats(const struct scimdb_store *db,
                         struct scimdb_buf *out,
                         struct scimdb_error **err);

// Reads everything and compares it: an object with resources, entries, and the array problems, which is empty if the store
// is sound. Everybody else waits while checksums are verified, and until iterators are freed: ten seconds at most, then it
// answers SCIMDB_UNAVAILABLE. So free them first.
scimdb_code scimdb_check(const struct scimdb_store *db,
                         struct scimdb_buf *out,
                         struct scimdb_error **err);

// Lets searches, iterators, explanations, exports, waits for changes and imports, checks and backups that are under way, on any
// thread, end with SCIMDB_CANCELLED. Calls that begin later are not touched, and neither are writes.
scimdb_code scimdb_interrupt(const struct scimdb_store *db);

// Copies the whole store, of one moment, into a directory that must not exist yet, in one that must: SCIMDB_ALREADY_EXISTS,
// SCIMDB_INVALID_ARGUMENT. Others read and write meanwhile. When it returns the copy is durable; when it fails there is none.
scimdb_code scimdb_backup(const struct scimdb_store *db,
                          const char *path,
                          size_t path_n,
                          struct scimdb_error **err);

// Writes the file anew, without the room of what is no longer there. Everybody else waits meanwhile, and for iterators as
// scimdb_check does.
scimdb_code scimdb_compact(const struct scimdb_store *db,
                           struct scimdb_error **err);

// Has the library tell what happens inside, from one level up to errors; NULL for the callback: nothing any more. There is
// one for the process. The one before is let go of when the lines that wait for it are told. A forked child has none.
scimdb_code scimdb_set_log(scimdb_log_fn callback,
                           int32_t level,
                           void *userdata,
                           scimdb_drop_fn drop,
                           struct scimdb_error **err);

// Serves the store: SCIM over HTTP at /scim/v2 of an address (/scim/{tenant}/v2 for another tenant than "default"), and gRPC
// on the same port. Clients can connect when it returns. Hooks run on the server's threads. Nothing is done about signals.
//
// The configuration is a JSON object with the settings of the command `scimdb serve` in camelCase: address
// ("127.0.0.1:0": a free port of this machine), requireTokens (bool; true), tlsCertificate, tlsKey, tlsClientCa (paths of PEM
// files), publicUrl, documentationUrl, forwardedHeaders (bool), rateLimit, rateBurst, maxBodyBytes, maxBufferedBytes,
// gzipAbove, metricsByTenant (bool), maxMessageBytes, maxRequests, maxStreams, maxConnections, maxConnectionsPerAddress,
// workers, requestTimeoutSeconds, keepaliveSeconds, stallTimeoutSeconds, drainSeconds (for scimdb_close), development
// (bool).
//
// SCIMDB_NOT_IMPLEMENTED where the library is built without the server, and where another process holds the store.
scimdb_code scimdb_serve_start(const struct scimdb_store *db,
                               const char *config,
                               size_t config_n,
                               struct scimdb_server **out,
                               struct scimdb_error **err);

// Where a server is reached: http://127.0.0.1:49152. Its SCIM endpoint is at /scim/v2 there.
scimdb_code scimdb_serve_url(const struct scimdb_server *server,
                             struct scimdb_buf *out,
                             struct scimdb_error **err);

// Stops a server, and frees it: nobody is let in any more, calls under way may go on for drain_ms milliseconds, and what
// is left is cut off. Returns when its threads have ended, three seconds later than that at most. The store stays open. A
// server whose store is closed has stopped, and is freed by this. NULL: nothing happens. Not from within a hook that one
// of its clients has caused.
scimdb_code scimdb_serve_stop(struct scimdb_server *server,
                              uint32_t drain_ms,
                              struct scimdb_error **err);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SCIMDB_H */
