package org.scimdb;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Options of a call. They are immutable: every method gives new ones, with one more set.
 *
 * @param <T> the options themselves
 */
public abstract sealed class Options<T extends Options<T>> permits ImportOptions, ReadOptions, RequestContext, SearchRequest,
        ServeOptions, StoreOptions, TenantOptions, TokenOptions, WriteOptions {
    private final Map<String, String> members;
    private final String json;

    Options(Map<String, String> members) {
        this.members = members;
        this.json = Json.object(members);
    }

    /** New ones with these members, which are not changed any more. */
    abstract T of(Map<String, String> members);

    /**
     * Sets an option by its name: one that this package does not know yet.
     *
     * @param name its name in the C interface
     * @param json its value, as JSON
     */
    public final T option(String name, String json) {
        Map<String, String> more = new LinkedHashMap<>(members);
        more.put(name, Objects.requireNonNull(json, name));
        return of(Collections.unmodifiableMap(more));
    }

    /** The JSON object that the library is given. */
    public final String toJson() {
        return json;
    }

    @Override
    public String toString() {
        return json;
    }

    @Override
    public final boolean equals(Object other) {
        return other instanceof Options<?> options && getClass() == other.getClass() && members.equals(options.members);
    }

    @Override
    public final int hashCode() {
        return members.hashCode();
    }

    final boolean isEmpty() {
        return members.isEmpty();
    }

    final boolean with(String name) {
        return members.containsKey(name);
    }

    final T text(String name, String value) {
        return option(name, Json.quote(Objects.requireNonNull(value, name)));
    }

    final T texts(String name, Collection<String> values) {
        return option(name, Json.array(values));
    }

    final T number(String name, long value) {
        return option(name, Long.toString(value));
    }

    final T flag(String name, boolean value) {
        return option(name, Boolean.toString(value));
    }

    /** Reads options from a JSON object. */
    static Map<String, String> read(String json) {
        return Collections.unmodifiableMap(Json.members(json));
    }
}
