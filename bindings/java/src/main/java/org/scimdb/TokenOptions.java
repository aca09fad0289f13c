package org.scimdb;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What a bearer token allows. */
public final class TokenOptions extends Options<TokenOptions> {
    private static final TokenOptions NONE = new TokenOptions(Map.of());

    private TokenOptions(Map<String, String> members) {
        super(members);
    }

    @Override
    TokenOptions of(Map<String, String> members) {
        return new TokenOptions(members);
    }

    /** No option set: the defaults. */
    public static TokenOptions defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static TokenOptions ofJson(String json) {
        return new TokenOptions(read(json));
    }

    /** What it allows. */
    public TokenOptions scope(Scope scope) {
        return text("scope", scope.text());
    }

    /** How long it is valid. Default: until it is revoked. */
    public TokenOptions lifetime(Duration time) {
        return number("lifetimeSeconds", time.toSeconds());
    }

    /** The id of the resource that its bearer is: what {@code /Me} shows (RFC 7644 section 3.11). */
    public TokenOptions subject(String id) {
        return text("subject", id);
    }

    /** The permissions of the tenant's profile that it is limited to. Default none: all that its scope allows. */
    public TokenOptions permissions(String... names) {
        return texts("permissions", List.of(names));
    }
}
