package org.scimdb;

import java.util.List;
import java.util.Map;

/**
 * Which resources a profile would refuse.
 *
 * @param profile the profile's name
 * @param resources resources that were read
 * @param refused resources of them that would be refused
 * @param counts how many, by what refuses them
 * @param findings a hundred of them at most
 * @param json the library's answer, as it was
 */
public record ProfileReport(String profile, long resources, long refused, List<Count> counts, List<Finding> findings,
        String json) {

    /**
     * How many resources a rule refuses.
     *
     * @param resourceType the resource type
     * @param attribute the attribute that is to blame, or null
     * @param rule what refuses, in a word
     * @param count resources
     */
    public record Count(String resourceType, String attribute, String rule, long count) {
    }

    /**
     * A resource that would be refused.
     *
     * @param resourceType the resource type
     * @param id its id
     * @param attribute the attribute that is to blame, or null
     * @param rule what refuses, in a word
     * @param detail what is wrong
     */
    public record Finding(String resourceType, String id, String attribute, String rule, String detail) {
    }

    static ProfileReport read(String json) {
        Map<String, String> members = Json.members(json);
        List<Count> counts = Json.elements(members.get("counts")).stream().map(ProfileReport::count).toList();
        List<Finding> findings = Json.elements(members.get("findings")).stream().map(ProfileReport::finding).toList();
        return new ProfileReport(Json.string(members.get("profile")), Json.number(members.get("resources")),
                Json.number(members.get("refused")), counts, findings, json);
    }

    private static Count count(String json) {
        Map<String, String> members = Json.members(json);
        return new Count(Json.string(members.get("resourceType")), Json.string(members.get("attribute")),
                Json.string(members.get("rule")), Json.number(members.get("count")));
    }

    private static Finding finding(String json) {
        Map<String, String> members = Json.members(json);
        return new Finding(Json.string(members.get("resourceType")), Json.string(members.get("id")),
                Json.string(members.get("attribute")), Json.string(members.get("rule")),
                Json.string(members.get("detail")));
    }
}
