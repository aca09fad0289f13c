package org.scimdb;

import java.util.Map;

/**
 * A write, as hooks see it.
 *
 * @param operation what it does
 * @param tenant the tenant
 * @param resourceType the resource type
 * @param id the resource's id
 * @param actor who writes, or null
 * @param before the resource before, as JSON; null when it is created
 * @param after the resource after, as JSON; null when it is deleted
 * @param sequence the write's number in the change log, once it is committed; else 0
 */
public record Write(Operation operation, String tenant, String resourceType, String id, String actor, String before,
        String after, long sequence) {

    static Write read(String json) {
        Map<String, String> members = Json.members(json);
        return new Write(Operation.of(Json.string(members.get("operation"))), Json.string(members.get("tenant")),
                Json.string(members.get("resourceType")), Json.string(members.get("id")), Json.string(members.get("actor")),
                resource(members.get("before")), resource(members.get("after")), Json.number(members.get("sequence")));
    }

    private static String resource(String json) {
        return json == null || json.equals("null") ? null : json;
    }
}
