package org.scimdb;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A part of the change log.
 *
 * @param changes the changes, oldest first
 * @param last the number to go on from: what the next call gets as {@code since}
 * @param json the library's answer, as it was
 */
public record Changes(List<Change> changes, long last, String json) {

    static Changes read(String json) {
        Map<String, String> members = Json.members(json);
        List<Change> changes = Json.elements(members.get("changes")).stream().map(Changes::change).toList();
        return new Changes(changes, Json.number(members.get("last")), json);
    }

    private static Change change(String json) {
        Map<String, String> members = Json.members(json);
        return new Change(Json.number(members.get("sequence")), Instant.parse(Json.string(members.get("time"))),
                Json.string(members.get("actor")), Json.string(members.get("correlationId")),
                Operation.of(Json.string(members.get("operation"))), Json.string(members.get("resourceType")),
                Json.string(members.get("id")),
                Json.elements(members.get("attributes")).stream().map(Json::string).toList());
    }
}
