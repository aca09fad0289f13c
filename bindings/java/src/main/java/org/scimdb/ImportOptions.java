package org.scimdb;

import java.util.Locale;
import java.util.Map;

/** How rows are imported. */
public final class ImportOptions extends Options<ImportOptions> {
    private static final ImportOptions NONE = new ImportOptions(Map.of());

    private ImportOptions(Map<String, String> members) {
        super(members);
    }

    @Override
    ImportOptions of(Map<String, String> members) {
        return new ImportOptions(members);
    }

    /** No option set: the defaults. */
    public static ImportOptions defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static ImportOptions ofJson(String json) {
        return new ImportOptions(read(json));
    }

    /** The resource type of rows that do not tell theirs by {@code meta.resourceType} or {@code schemas}. */
    public ImportOptions resourceType(String name) {
        return text("resourceType", name);
    }

    /** What to do with a row whose id or unique values are taken. Default {@link OnConflict#FAIL}. */
    public ImportOptions onConflict(OnConflict action) {
        return text("onConflict", action.name().toLowerCase(Locale.ROOT));
    }

    /** Whether to keep {@code meta} and readOnly attributes too: reads what an export wrote. Default false. */
    public ImportOptions restore(boolean restore) {
        return flag("restore", restore);
    }

    /** Who imports, for the change log. */
    public ImportOptions actor(String actor) {
        return text("actor", actor);
    }

    /** What to do with a row whose id or unique values are taken. */
    public enum OnConflict {
        /** Reject the row. */
        FAIL,
        /** Leave what is there. */
        SKIP,
        /** Replace what is there. */
        REPLACE
    }
}
