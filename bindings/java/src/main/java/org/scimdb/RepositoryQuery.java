package org.scimdb;

import java.util.Map;

/**
 * What a search asks the repositories of the host.
 *
 * @param tenant the tenant
 * @param resourceType the resource type
 * @param filter the filter as it was sent, or null
 * @param count how many resources the page has room for, those of the store among them
 */
public record RepositoryQuery(String tenant, String resourceType, String filter, long count) {

    static RepositoryQuery read(String json) {
        Map<String, String> members = Json.members(json);
        return new RepositoryQuery(Json.string(members.get("tenant")), Json.string(members.get("resourceType")),
                Json.string(members.get("filter")), Json.number(members.get("count")));
    }
}
