package org.scimdb;

import java.util.Locale;

/** What a caller may do; each scope includes those before it. */
public enum Scope {
    /** Get, search, watch. */
    READ,
    /** Create, replace, patch, delete, bulk, import. */
    WRITE,
    /** Schemas, tenants and tokens. */
    ADMIN;

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Scope of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
