package org.scimdb;

import java.util.Base64;
import java.util.Objects;

/** A key of values that are encrypted at rest: {@link StoreOptions#valueKeys}. */
public final class ValueKey {
    private final String id;
    private final String base64;

    private ValueKey(String id, String base64) {
        this.id = id;
        this.base64 = base64;
    }

    /**
     * A key.
     *
     * @param id what the store knows it by
     * @param key 32 bytes that nobody can guess, of {@link java.security.SecureRandom} say
     */
    public static ValueKey of(String id, byte[] key) {
        return new ValueKey(Objects.requireNonNull(id, "id"), Base64.getEncoder().encodeToString(key));
    }

    /** What the store knows it by. */
    public String id() {
        return id;
    }

    /** The JSON that the library is given. */
    String json() {
        return "{\"id\":" + Json.quote(id) + ",\"key\":\"" + base64 + "\"}";
    }

    /** The id alone: a key does not belong in a log. */
    @Override
    public String toString() {
        return "ValueKey[id=" + id + "]";
    }
}
