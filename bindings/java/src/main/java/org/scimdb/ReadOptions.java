package org.scimdb;

import java.util.List;
import java.util.Map;

/** Options of a read. */
public final class ReadOptions extends Options<ReadOptions> {
    private static final ReadOptions NONE = new ReadOptions(Map.of());

    private ReadOptions(Map<String, String> members) {
        super(members);
    }

    @Override
    ReadOptions of(Map<String, String> members) {
        return new ReadOptions(members);
    }

    /** No option set: the defaults. */
    public static ReadOptions defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static ReadOptions ofJson(String json) {
        return new ReadOptions(read(json));
    }

    /** The attributes to show (RFC 7644 section 3.9); those that are returned by default without it. */
    public ReadOptions attributes(String... names) {
        return texts("attributes", List.of(names));
    }

    /** The attributes not to show (RFC 7644 section 3.9). */
    public ReadOptions excludedAttributes(String... names) {
        return texts("excludedAttributes", List.of(names));
    }

    /** {@link ErrorCode#NOT_MODIFIED} if the representation still has one of these versions (RFC 7644 section 3.14). */
    public ReadOptions ifNoneMatch(String versions) {
        return text("ifNoneMatch", versions);
    }

    /**
     * What stands before {@code meta.location} and {@code $ref}s: a URL without a slash at its end. Default nothing.
     */
    public ReadOptions base(String base) {
        return text("base", base);
    }

    /**
     * The version of the API that the request is of, where the tenant's profile has versions: what came with a later one is
     * not shown. Default: the profile's.
     */
    public ReadOptions apiVersion(int version) {
        return number("apiVersion", version);
    }
}
