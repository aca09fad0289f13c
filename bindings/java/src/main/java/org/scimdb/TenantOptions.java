package org.scimdb;

import java.util.Map;

/** Settings of a tenant. */
public final class TenantOptions extends Options<TenantOptions> {
    private static final TenantOptions NONE = new TenantOptions(Map.of());

    private TenantOptions(Map<String, String> members) {
        super(members);
    }

    @Override
    TenantOptions of(Map<String, String> members) {
        return new TenantOptions(members);
    }

    /** No option set: the defaults. */
    public static TenantOptions defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static TenantOptions ofJson(String json) {
        return new TenantOptions(read(json));
    }

    /**
     * What the tenant tolerates of what clients really send: {@code strict} (the default), {@code entra}, {@code okta}
     * and the others that docs/PROFILES.md lists.
     */
    public TenantOptions profile(String name) {
        return text("profile", name);
    }

    /** A profile of the host's own, as its JSON document. */
    public TenantOptions profileDocument(String json) {
        return option("profile", json);
    }
}
