package org.scimdb;

import java.util.List;
import java.util.Map;

/**
 * A tenant of a store.
 *
 * @param name its name
 * @param profile its profile's name
 */
public record TenantInfo(String name, String profile) {

    static List<TenantInfo> readAll(String json) {
        return Json.elements(Json.members(json).get("tenants")).stream().map(tenant -> {
            Map<String, String> members = Json.members(tenant);
            return new TenantInfo(Json.string(members.get("name")), Json.string(members.get("profile")));
        }).toList();
    }
}
