package org.scimdb;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * An import that was queued, and how far it has come.
 *
 * @param correlationId its name: what {@link Tenant#job} is asked with
 * @param status how far it has come, in a word
 * @param resourceType the resource type; empty if that was removed since
 * @param importSize users in it
 * @param processed users that were looked at: imported, there before, or failed
 * @param imported users that were imported
 * @param alreadyExisted users that were there before
 * @param failed users that could not be imported
 * @param group the id of the group that they become members of
 * @param actor who queued it, or null
 * @param created when it was queued
 * @param finished when it ended, or null
 * @param reason why it could not go on, or null
 * @param failures the users that failed, the first hundred of them
 * @param json the library's answer, as it was
 */
public record Job(String correlationId, Status status, String resourceType, long importSize, long processed, long imported,
        long alreadyExisted, long failed, String group, String actor, Instant created, Instant finished, String reason,
        List<Failure> failures, String json) {

    /** How far an import has come. */
    public enum Status {
        /** It waits for its turn, or is carried out. */
        IMPORTING,
        /** It has ended. */
        DONE,
        /** It could not go on. */
        FAILED
    }

    /**
     * A user that was not imported.
     *
     * @param row its place among the users, from 1
     * @param externalId its externalId, or null
     * @param detail why
     */
    public record Failure(long row, String externalId, String detail) {
    }

    static Job read(String json) {
        Map<String, String> members = Json.members(json);
        List<Failure> failures = Json.elements(members.get("failures")).stream().map(Job::failure).toList();
        return new Job(Json.string(members.get("correlationId")),
                Status.valueOf(Json.string(members.get("status")).toUpperCase(Locale.ROOT)),
                Json.string(members.get("resourceType")), Json.number(members.get("importSize")),
                Json.number(members.get("processed")), Json.number(members.get("imported")),
                Json.number(members.get("alreadyExisted")), Json.number(members.get("failed")),
                Json.string(members.get("group")), Json.string(members.get("actor")), instant(members.get("created")),
                instant(members.get("finished")), Json.string(members.get("reason")), failures, json);
    }

    static List<Job> readAll(String json) {
        return Json.elements(Json.members(json).get("jobs")).stream().map(Job::read).toList();
    }

    private static Instant instant(String json) {
        String text = Json.string(json);
        return text == null ? null : Instant.parse(text);
    }

    private static Failure failure(String json) {
        Map<String, String> members = Json.members(json);
        return new Failure(Json.number(members.get("row")), Json.string(members.get("externalId")),
                Json.string(members.get("detail")));
    }
}
