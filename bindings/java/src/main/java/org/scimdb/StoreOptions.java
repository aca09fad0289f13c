package org.scimdb;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;

/** How a store is opened. */
public final class StoreOptions extends Options<StoreOptions> {
    private static final StoreOptions NONE = new StoreOptions(Map.of());
    private static final String KEYS = "valueKeys";

    private StoreOptions(Map<String, String> members) {
        super(members);
    }

    @Override
    StoreOptions of(Map<String, String> members) {
        return new StoreOptions(members);
    }

    /** No option set: the defaults. */
    public static StoreOptions defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static StoreOptions ofJson(String json) {
        return new StoreOptions(read(json));
    }

    /** Bytes of pages kept in memory. Default 64 MiB: modest, for a guest in somebody's process. */
    public StoreOptions cacheBytes(long bytes) {
        return number("cacheBytes", bytes);
    }

    /** Whether to create the store where there is none. Default true. */
    public StoreOptions create(boolean create) {
        return flag("create", create);
    }

    /** Resources of a page when a search names no count. Default 100. */
    public StoreOptions defaultPage(long resources) {
        return number("defaultPage", resources);
    }

    /** Resources of a page at most. Default 1,000. */
    public StoreOptions maxPage(long resources) {
        return number("maxPage", resources);
    }

    /** How long a page cursor (RFC 9865) is valid after the page that told it. Default 10 minutes. */
    public StoreOptions cursorTtl(Duration time) {
        return number("cursorTtlSeconds", time.toSeconds());
    }

    /** Operations of a bulk request at most. Default 1,000. */
    public StoreOptions maxBulkOperations(long operations) {
        return number("maxBulkOperations", operations);
    }

    /** Changes kept in the change log, for each tenant, before the oldest are trimmed. Default all. */
    public StoreOptions keepChanges(long changes) {
        return number("keepChanges", changes);
    }

    /** Who holds the store, for the error that a second process gets: an address, say. */
    public StoreOptions holder(String holder) {
        return text("holder", holder);
    }

    /** Bytes that password hashing may use at one time, 19 MiB for each hash. Default 76 MiB. */
    public StoreOptions hashMemoryBytes(long bytes) {
        return number("hashMemoryBytes", bytes);
    }

    /**
     * Whether searches have an index. Default true. Without one, what no unique key answers is answered by looking at
     * every resource. More options of the index: {@code option("index", "{…}")}.
     */
    public StoreOptions index(boolean enabled) {
        return option("index", "{\"enabled\":" + enabled + "}");
    }

    /**
     * Whether the store may be held by another process, which then answers for this one. Default false: a store that is
     * held is {@link ErrorCode#LOCKED}.
     */
    public StoreOptions share(boolean share) {
        return flag("share", share);
    }

    /**
     * The keys of the values that profiles encrypt at rest. The first is the current one, by which values are encrypted; the
     * others are for values that were encrypted before. They must not be lost: what a key encrypts cannot be read without it,
     * from a backup either. Keep them apart from the store.
     */
    public StoreOptions valueKeys(ValueKey... keys) {
        return option(KEYS, "[" + String.join(",", Stream.of(keys).map(ValueKey::json).toList()) + "]");
    }

    /**
     * The file of such keys, in place of {@link #valueKeys}: <code>{"keys": [{"id": …, "key": base64}, …]}</code>, as
     * {@code scimdb keys} makes it. {@link Store#rotateValueKeys} reads it again.
     */
    public StoreOptions valueKeysFile(Path file) {
        return text("valueKeysFile", file.toString());
    }

    /** The options as JSON, but no keys: they do not belong in a log. */
    @Override
    public String toString() {
        return with(KEYS) ? option(KEYS, "\"…\"").toJson() : toJson();
    }
}
