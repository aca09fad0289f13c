package org.scimdb;

import java.util.List;
import java.util.Map;

/** Options of a write. */
public final class WriteOptions extends Options<WriteOptions> {
    private static final WriteOptions NONE = new WriteOptions(Map.of());

    private WriteOptions(Map<String, String> members) {
        super(members);
    }

    @Override
    WriteOptions of(Map<String, String> members) {
        return new WriteOptions(members);
    }

    /** No option set: the defaults. */
    public static WriteOptions defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static WriteOptions ofJson(String json) {
        return new WriteOptions(read(json));
    }

    /** The attributes that the answer shows (RFC 7644 section 3.9). */
    public WriteOptions attributes(String... names) {
        return texts("attributes", List.of(names));
    }

    /** The attributes that the answer does not show (RFC 7644 section 3.9). */
    public WriteOptions excludedAttributes(String... names) {
        return texts("excludedAttributes", List.of(names));
    }

    /** {@link ErrorCode#VERSION_MISMATCH} unless the resource has one of these versions (RFC 7644 section 3.14). */
    public WriteOptions ifMatch(String versions) {
        return text("ifMatch", versions);
    }

    /** {@link ErrorCode#VERSION_MISMATCH} if the resource has one of these versions (RFC 7644 section 3.14). */
    public WriteOptions ifNoneMatch(String versions) {
        return text("ifNoneMatch", versions);
    }

    /** Who writes, for the change log. */
    public WriteOptions actor(String actor) {
        return text("actor", actor);
    }

    /** What stands before {@code meta.location} and {@code $ref}s in the answer. Default nothing. */
    public WriteOptions base(String base) {
        return text("base", base);
    }

    /** The id of a resource to be created. Default: the store makes one (UUIDv7). */
    public WriteOptions id(String id) {
        return text("id", id);
    }

    /**
     * Whether a resource is deleted that others name, where the tenant's profile asks for that. Default false. Other writes do
     * not look at it.
     */
    public WriteOptions force(boolean force) {
        return flag("force", force);
    }

    /**
     * The version of the API that the request is of, where the tenant's profile has versions: what came with a later one is
     * not shown. Default: the profile's.
     */
    public WriteOptions apiVersion(int version) {
        return number("apiVersion", version);
    }
}
