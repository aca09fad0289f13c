package org.scimdb;

import java.util.Map;

/**
 * Who a bearer token belongs to.
 *
 * @param tenant the tenant
 * @param name the token's name
 * @param scope what it allows
 * @param subject the id of the resource that its bearer is, or null
 */
public record Principal(String tenant, String name, Scope scope, String subject) {

    static Principal read(String json) {
        Map<String, String> members = Json.members(json);
        return new Principal(Json.string(members.get("tenant")), Json.string(members.get("name")),
                Scope.of(Json.string(members.get("scope"))), Json.string(members.get("subject")));
    }
}
