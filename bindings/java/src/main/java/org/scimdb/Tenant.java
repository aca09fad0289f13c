package org.scimdb;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A tenant of a store: resources, schemas, tokens, and a change log of its own. Any number of threads may use it at once.
 *
 * <p>Resources and messages are JSON texts, in and out. Every method throws {@link ScimdbException} when it fails, with
 * {@link ErrorCode#UNKNOWN_TENANT} when there is no such tenant, and {@link ErrorCode#UNKNOWN_TYPE} when it has no such resource
 * type.
 */
public final class Tenant {
    private static final int MAX_CHANGES = 1000;

    private final Store store;
    private final String name;
    private final MemorySegment tenant;

    Tenant(Store store, String name) {
        this.store = store;
        this.name = name;
        try (Call call = Call.begin()) {
            MemorySegment text = call.text(name);
            this.tenant = Arena.ofAuto().allocate(text.byteSize()).copyFrom(text);
        }
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** The store that it is in. */
    public Store store() {
        return store;
    }

    /** Gets a resource (RFC 7644 section 3.4.1). */
    public String get(String type, String id) {
        return get(type, id, null);
    }

    /**
     * Gets a resource (RFC 7644 section 3.4.1).
     *
     * @throws ScimdbException {@link ErrorCode#NOT_FOUND}, {@link ErrorCode#NOT_MODIFIED}
     */
    public String get(String type, String id, ReadOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.get(store.handle, tenant, call.text(type), call.text(id), call.text(options), call.buffer,
                    call.error));
            return call.result();
        }
    }

    /** Creates a resource (RFC 7644 section 3.3); the resource as it is stored. */
    public String create(String type, String json) {
        return create(type, json, null);
    }

    /**
     * Creates a resource (RFC 7644 section 3.3); the resource as it is stored.
     *
     * @throws ScimdbException {@link ErrorCode#UNIQUENESS}, {@link ErrorCode#INVALID_SYNTAX}, {@link ErrorCode#INVALID_VALUE},
     *     or what a hook refuses it with
     */
    public String create(String type, String json, WriteOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.create(store.handle, tenant, call.text(type), call.text(json), call.text(options), call.buffer,
                    call.error));
            return call.result();
        }
    }

    /** Replaces a resource (RFC 7644 section 3.5.1); the resource as it is stored. */
    public String replace(String type, String id, String json) {
        return replace(type, id, json, null);
    }

    /**
     * Replaces a resource (RFC 7644 section 3.5.1); the resource as it is stored.
     *
     * @throws ScimdbException {@link ErrorCode#NOT_FOUND}, {@link ErrorCode#VERSION_MISMATCH}, {@link ErrorCode#MUTABILITY}, and
     *     those of {@link #create(String, String, WriteOptions)}
     */
    public String replace(String type, String id, String json, WriteOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.replace(store.handle, tenant, call.text(type), call.text(id), call.text(json),
                    call.text(options), call.buffer, call.error));
            return call.result();
        }
    }

    /** Modifies a resource by a PatchOp message (RFC 7644 section 3.5.2); the resource as it is stored. */
    public String patch(String type, String id, String json) {
        return patch(type, id, json, null);
    }

    /**
     * Modifies a resource by a PatchOp message (RFC 7644 section 3.5.2); the resource as it is stored.
     *
     * @throws ScimdbException {@link ErrorCode#INVALID_PATH}, {@link ErrorCode#NO_TARGET}, and those of
     *     {@link #replace(String, String, String, WriteOptions)}
     */
    public String patch(String type, String id, String json, WriteOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.patch(store.handle, tenant, call.text(type), call.text(id), call.text(json),
                    call.text(options), call.buffer, call.error));
            return call.result();
        }
    }

    /** Deletes a resource (RFC 7644 section 3.6). */
    public void delete(String type, String id) {
        delete(type, id, null);
    }

    /**
     * Deletes a resource (RFC 7644 section 3.6).
     *
     * @throws ScimdbException {@link ErrorCode#NOT_FOUND}, {@link ErrorCode#VERSION_MISMATCH}
     */
    public void delete(String type, String id, WriteOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.delete(store.handle, tenant, call.text(type), call.text(id), call.text(options), call.error));
        }
    }

    /**
     * Whether it is the password of the resource. It takes as long for one without a password, and for one that there is not:
     * the answer is no.
     */
    public boolean verifyPassword(String type, String id, String password) {
        try (Call call = Call.begin()) {
            call.check(Native.verifyPassword(store.handle, tenant, call.text(type), call.text(id), call.text(password),
                    call.out, call.error));
            return call.outInt() != 0;
        }
    }

    /** Searches; see {@link #search(String, String)}. */
    public String search(String type, SearchRequest request) {
        return search(type, request.toJson());
    }

    /**
     * Searches (RFC 7644 section 3.4.2).
     *
     * @param type the resource type, or null: all of them
     * @param request a SearchRequest message (RFC 7644 section 3.4.3)
     * @return a page of what was found: a ListResponse message
     * @throws ScimdbException {@link ErrorCode#INVALID_FILTER} with the offset of what is wrong in the filter,
     *     {@link ErrorCode#INVALID_PATH}, {@link ErrorCode#INVALID_CURSOR}, {@link ErrorCode#CANCELLED}
     */
    public String search(String type, String request) {
        try (Call call = Call.begin()) {
            call.check(Native.search(store.handle, tenant, call.text(type), call.text(request), call.buffer, call.error));
            return call.result();
        }
    }

    /** Tells how a search is answered; see {@link #explain(String, String)}. */
    public String explain(String type, SearchRequest request) {
        return explain(type, request.toJson());
    }

    /** Tells how a search is answered, and what each step took, as JSON. The parameters are those of a search. */
    public String explain(String type, String request) {
        try (Call call = Call.begin()) {
            call.check(Native.explain(store.handle, tenant, call.text(type), call.text(request), call.buffer, call.error));
            return call.result();
        }
    }

    /** Gives everything that a search finds; see {@link #iterate(String, String)}. */
    public ResourceCursor iterate(String type, SearchRequest request) {
        return iterate(type, request.toJson());
    }

    /**
     * Gives everything that a search finds, one by one, without pages: the store as it was at the time of this call. The
     * parameters are those of a search; a {@code cursor} in it means nothing.
     *
     * @return what was found; to be closed
     */
    public ResourceCursor iterate(String type, String request) {
        try (Call call = Call.begin()) {
            call.check(Native.cursorOpen(store.handle, tenant, call.text(type), call.text(request), call.out, call.error));
            return new ResourceCursor(call.outPointer());
        }
    }

    /** Carries out a BulkRequest message (RFC 7644 section 3.7); the BulkResponse message. */
    public String bulk(String request) {
        return bulk(request, null);
    }

    /**
     * Carries out a BulkRequest message (RFC 7644 section 3.7); the BulkResponse message. What fails in it is told there.
     *
     * @throws ScimdbException {@link ErrorCode#INVALID_SYNTAX}, {@link ErrorCode#TOO_MANY}, {@link ErrorCode#PAYLOAD_TOO_LARGE}
     */
    public String bulk(String request, WriteOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.bulk(store.handle, tenant, call.text(request), call.text(options), call.buffer, call.error));
            return call.result();
        }
    }

    /** Begins an import of NDJSON: a resource on each line. */
    public ResourceImport openImport(ImportOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.importOpen(store.handle, tenant, call.text(options), call.out, call.error));
            return new ResourceImport(call.outPointer());
        }
    }

    /**
     * Imports NDJSON to its end; the stream is the caller's to close.
     *
     * @throws IOException if it cannot be read; rows that were read may be stored
     */
    public ImportReport importFrom(InputStream ndjson, ImportOptions options) throws IOException {
        try (ResourceImport rows = openImport(options)) {
            rows.feed(ndjson);
            return rows.finish();
        }
    }

    /** Imports resources, each a JSON text. */
    public ImportReport importAll(Iterable<String> resources, ImportOptions options) {
        try (ResourceImport rows = openImport(options)) {
            StringBuilder chunk = new StringBuilder();
            for (String resource : resources) {
                // A line break can only be a blank in JSON; in NDJSON it would end the row.
                chunk.append(resource.replace('\n', ' ').replace('\r', ' ')).append('\n');
                if (chunk.length() >= ResourceImport.CHUNK) {
                    rows.feed(Call.utf8(chunk.toString()));
                    chunk.setLength(0);
                }
            }
            rows.feed(Call.utf8(chunk.toString()));
            return rows.finish();
        }
    }

    /**
     * Begins an import that is queued: one JSON object with {@code users}, an array of resources, {@code group},
     * {@code {"value": …}} with the id of a group that they become members of, and {@code authenticatorPolicy} where the
     * profile has authenticators.
     *
     * @param options {@link ImportOptions#resourceType}, which is that of all users (default {@code User}), and
     *     {@link ImportOptions#actor}; or null
     */
    public QueuedImport openQueue(ImportOptions options) {
        ImportOptions queued = (options == null ? ImportOptions.defaults() : options).option("queue", "true");
        return new QueuedImport(openImport(queued));
    }

    /**
     * Queues an import, which the store carries out by itself, in the order in which imports came; also after it was closed
     * and opened again. The parameters are those of {@link #openQueue}; the stream is the caller's to close.
     *
     * @param json the object, to its end
     * @throws IOException if it cannot be read; nothing of it is left then
     * @throws ScimdbException {@link ErrorCode#INVALID_SYNTAX}, {@link ErrorCode#INVALID_VALUE}
     */
    public Job queueImport(InputStream json, ImportOptions options) throws IOException {
        try (QueuedImport queued = openQueue(options)) {
            queued.feed(json);
            return queued.finish();
        }
    }

    /** Queues an import; see {@link #queueImport(InputStream, ImportOptions)}. */
    public Job queueImport(String json, ImportOptions options) {
        try (QueuedImport queued = openQueue(options)) {
            queued.feed(Call.utf8(json));
            return queued.finish();
        }
    }

    /** Tells how far an import is that was queued, without waiting. */
    public Job job(String correlationId) {
        return job(correlationId, Duration.ZERO);
    }

    /**
     * Tells how far an import is that was queued.
     *
     * @param wait how long its end is waited for: then it is told as it stands. {@link Store#interrupt} ends the wait, the
     *     interruption of the thread does not.
     * @throws ScimdbException {@link ErrorCode#NOT_FOUND}, {@link ErrorCode#CANCELLED}
     */
    public Job job(String correlationId, Duration wait) {
        String options = "{\"waitSeconds\":" + Math.max(wait.toMillis(), 0) / 1000.0 + "}";
        try (Call call = Call.begin()) {
            call.check(NativeProfiles.jobGet(store.handle, tenant, call.text(correlationId), call.text(options), call.buffer,
                    call.error));
            return Job.read(call.result());
        }
    }

    /** The imports that were queued, in the order in which they came, the last thousand of those that have ended. */
    public List<Job> jobs() {
        try (Call call = Call.begin()) {
            call.check(NativeProfiles.jobList(store.handle, tenant, call.buffer, call.error));
            return Job.readAll(call.result());
        }
    }

    /** Erases what was deleted; see {@link #forget(String, String, WriteOptions)}. */
    public long forget(String type, String externalId) {
        return forget(type, externalId, null);
    }

    /**
     * Erases the resources of a type that had an externalId and were deleted: every trace of them is purged from the change
     * log, from indexes and from the file, which is written anew while everybody else waits. After an error the same call
     * goes on, after a crash the next opening does. Backups that were made before are not touched. It waits for cursors.
     *
     * @param options {@link WriteOptions#actor}, or null
     * @return how many they were
     * @throws ScimdbException {@link ErrorCode#IN_USE} while a resource has the externalId, {@link ErrorCode#NOT_FOUND} where
     *     none that was deleted had it, {@link ErrorCode#UNAVAILABLE} where a cursor is open for longer than ten seconds
     */
    public long forget(String type, String externalId, WriteOptions options) {
        try (Call call = Call.begin()) {
            call.check(NativeProfiles.forget(store.handle, tenant, call.text(type), call.text(externalId), call.text(options),
                    call.buffer, call.error));
            return Json.number(Json.members(call.result()).get("resources"));
        }
    }

    /** The changes after a number, without waiting, at most 1,000. */
    public Changes changes(long since) {
        return changes(since, MAX_CHANGES, Duration.ZERO);
    }

    /**
     * The changes after a number of the change log.
     *
     * @param since the number: what {@link Changes#last} told, or 0 for the first change
     * @param max changes at most
     * @param wait how long the first is waited for, if there is none yet. {@link Store#interrupt} ends it, the interruption of
     *     the thread does not.
     * @throws ScimdbException {@link ErrorCode#OUT_OF_RANGE} when the log does not reach there: read everything again;
     *     {@link ErrorCode#CANCELLED}
     */
    public Changes changes(long since, int max, Duration wait) {
        try (Call call = Call.begin()) {
            int millis = Math.clamp(wait.toMillis(), 0, Integer.MAX_VALUE);
            call.check(Native.changes(store.handle, tenant, since, max, millis, call.buffer, call.error));
            return Changes.read(call.result());
        }
    }

    /** Answers a SCIM request; see {@link #handle(String, String, Map, byte[], RequestContext)}. */
    public Response handle(String method, String target, Map<String, ? extends List<String>> headers, byte[] body) {
        return handle(method, target, headers, body, null);
    }

    /**
     * Answers a SCIM request (RFC 7644 section 3): the whole endpoint as a function, for a web server of the host's own.
     *
     * <p>What is wrong with the request is told in the answer, with a status of 400 and above. This throws for what is wrong
     * with the call: a closed store, a wrong context.
     *
     * @param method {@code GET}, {@code HEAD}, {@code OPTIONS}, {@code POST}, {@code PUT}, {@code PATCH} or {@code DELETE}
     * @param target what stands behind the base of the endpoint, as it was sent: {@code /Users?filter=userName%20pr}
     * @param headers the headers, by name, in any letter case
     * @param body the body; empty or null if there is none
     * @param context what the host knows of the caller, or null
     */
    public Response handle(String method, String target, Map<String, ? extends List<String>> headers, byte[] body,
            RequestContext context) {
        return Endpoint.handle(store, tenant, method, target, headers, body, context);
    }

    /**
     * Registers schemas and resource types, or changes them (RFC 7643 sections 6 and 7).
     *
     * @param documents a Schema or a ResourceType, or an array of them
     * @throws ScimdbException {@link ErrorCode#INVALID_VALUE}, {@link ErrorCode#IN_USE} when stored resources contradict
     */
    public void putSchemas(String documents) {
        try (Call call = Call.begin()) {
            call.check(Native.schemaPut(store.handle, tenant, call.text(documents), call.error));
        }
    }

    /**
     * Removes a schema, by its URN, or a resource type, by its name.
     *
     * @throws ScimdbException {@link ErrorCode#UNKNOWN_TYPE}, {@link ErrorCode#IN_USE}
     */
    public void removeSchema(String urnOrName) {
        try (Call call = Call.begin()) {
            call.check(Native.schemaRemove(store.handle, tenant, call.text(urnOrName), call.error));
        }
    }

    /** The schemas and the resource types: {@code {"schemas": […], "resourceTypes": […]}}. */
    public String schemas() {
        try (Call call = Call.begin()) {
            call.check(Native.schemaList(store.handle, tenant, call.buffer, call.error));
            return call.result();
        }
    }

    /** Which resources the tenant's own profile would refuse; see {@link #checkProfile(String)}. */
    public ProfileReport checkProfile() {
        return checkProfile(null);
    }

    /**
     * Reads every resource, and tells which of them a profile would refuse if they were written as they are. Nothing is
     * changed.
     *
     * @param profile its name, or its JSON document; null for the tenant's own
     * @throws ScimdbException {@link ErrorCode#INVALID_ARGUMENT}, {@link ErrorCode#INVALID_SYNTAX}
     */
    public ProfileReport checkProfile(String profile) {
        try (Call call = Call.begin()) {
            call.check(NativeProfiles.profileCheck(store.handle, tenant, call.text(profile), call.buffer, call.error));
            return ProfileReport.read(call.result());
        }
    }

    /**
     * Makes a bearer token (RFC 6750).
     *
     * @throws ScimdbException {@link ErrorCode#ALREADY_EXISTS}, {@link ErrorCode#INVALID_ARGUMENT}
     */
    public Token createToken(String tokenName, TokenOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.tokenCreate(store.handle, tenant, call.text(tokenName), call.text(options), call.buffer,
                    call.error));
            return Token.read(call.result());
        }
    }

    /**
     * Gives a bearer token a new secret. What it was made with stays, and its old secret is unknown from now on.
     *
     * @throws ScimdbException {@link ErrorCode#NOT_FOUND}
     */
    public Token regenerateToken(String tokenName) {
        try (Call call = Call.begin()) {
            call.check(Native.tokenRegenerate(store.handle, tenant, call.text(tokenName), call.buffer, call.error));
            return Token.read(call.result());
        }
    }

    /**
     * Revokes a bearer token.
     *
     * @throws ScimdbException {@link ErrorCode#NOT_FOUND}
     */
    public void revokeToken(String tokenName) {
        try (Call call = Call.begin()) {
            call.check(Native.tokenRevoke(store.handle, tenant, call.text(tokenName), call.error));
        }
    }

    /** The bearer tokens, without their secrets: {@code {"tokens": […]}}. */
    public String tokens() {
        try (Call call = Call.begin()) {
            call.check(Native.tokenList(store.handle, tenant, call.buffer, call.error));
            return call.result();
        }
    }
}
