package org.scimdb;

import java.util.Map;

/**
 * A new bearer token: the only time its secret is told.
 *
 * @param name its name
 * @param secret what the bearer sends
 */
public record Token(String name, String secret) {

    static Token read(String json) {
        Map<String, String> members = Json.members(json);
        return new Token(Json.string(members.get("name")), Json.string(members.get("secret")));
    }

    /** The name alone: a secret does not belong in a log. */
    @Override
    public String toString() {
        return "Token[name=" + name + "]";
    }
}
