package org.scimdb;

import java.util.List;
import java.util.Map;

/**
 * Who a bearer token belongs to.
 *
 * @param tenant the tenant
 * @param name the token's name
 * @param scope what it allows
 * @param subject the id of the resource that its bearer is, or null
 * @param permissions those of the tenant's profile that it is limited to; none: all that its scope allows
 */
public record Principal(String tenant, String name, Scope scope, String subject, List<String> permissions) {

    static Principal read(String json) {
        Map<String, String> members = Json.members(json);
        return new Principal(Json.string(members.get("tenant")), Json.string(members.get("name")),
                Scope.of(Json.string(members.get("scope"))), Json.string(members.get("subject")),
                Json.elements(members.get("permissions")).stream().map(Json::string).toList());
    }
}
