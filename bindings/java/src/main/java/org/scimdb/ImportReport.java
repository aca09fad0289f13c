package org.scimdb;

import java.util.List;
import java.util.Map;

/**
 * What became of imported rows.
 *
 * @param read rows given
 * @param created rows created
 * @param replaced rows that replaced what was there
 * @param skipped rows left out because what they hold was there
 * @param rejected rows rejected
 * @param rejects the rejected rows
 * @param json the library's answer, as it was
 */
public record ImportReport(long read, long created, long replaced, long skipped, long rejected, List<Reject> rejects,
        String json) {

    /**
     * A row that was not imported.
     *
     * @param row its number, from 1
     * @param error why, as JSON
     * @param input the row as it was given
     */
    public record Reject(long row, String error, String input) {
    }

    static ImportReport read(String json) {
        Map<String, String> members = Json.members(json);
        List<Reject> rejects = Json.elements(members.get("rejects")).stream().map(ImportReport::reject).toList();
        return new ImportReport(Json.number(members.get("read")), Json.number(members.get("created")),
                Json.number(members.get("replaced")), Json.number(members.get("skipped")),
                Json.number(members.get("rejected")), rejects, json);
    }

    private static Reject reject(String json) {
        Map<String, String> members = Json.members(json);
        return new Reject(Json.number(members.get("row")), members.get("error"), Json.string(members.get("input")));
    }
}
