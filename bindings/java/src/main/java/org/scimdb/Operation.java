package org.scimdb;

import java.util.Locale;

/** What a write did. */
public enum Operation {
    /** A resource was created. */
    CREATE,
    /** A resource was replaced or patched. */
    MODIFY,
    /** A resource was deleted. */
    DELETE;

    static Operation of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
