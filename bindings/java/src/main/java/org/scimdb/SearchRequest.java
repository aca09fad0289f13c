package org.scimdb;

import java.util.List;
import java.util.Map;

/** A search (RFC 7644 section 3.4.3). Without a filter it finds all resources. */
public final class SearchRequest extends Options<SearchRequest> {
    private static final SearchRequest NONE = new SearchRequest(Map.of());

    private SearchRequest(Map<String, String> members) {
        super(members);
    }

    @Override
    SearchRequest of(Map<String, String> members) {
        return new SearchRequest(members);
    }

    /** All resources. */
    public static SearchRequest all() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static SearchRequest ofJson(String json) {
        return new SearchRequest(read(json));
    }

    /** The filter (RFC 7644 section 3.4.2.2): {@code userName sw "ann" and active eq true}. */
    public SearchRequest filter(String filter) {
        return text("filter", filter);
    }

    /** The attribute to sort by. Default: the order in which resources were created. */
    public SearchRequest sortBy(String attribute) {
        return text("sortBy", attribute);
    }

    /** Sorts from the last to the first. */
    public SearchRequest descending() {
        return text("sortOrder", "descending");
    }

    /** The 1-based index of the first result. */
    public SearchRequest startIndex(long index) {
        return number("startIndex", index);
    }

    /** Resources of the page. Default {@link StoreOptions#defaultPage}. */
    public SearchRequest count(long count) {
        return number("count", count);
    }

    /** Pages by cursor (RFC 9865): empty for the first page, then what the page before told as {@code nextCursor}. */
    public SearchRequest cursor(String cursor) {
        return text("cursor", cursor);
    }

    /** The attributes to show (RFC 7644 section 3.9). */
    public SearchRequest attributes(String... names) {
        return texts("attributes", List.of(names));
    }

    /** The attributes not to show (RFC 7644 section 3.9). */
    public SearchRequest excludedAttributes(String... names) {
        return texts("excludedAttributes", List.of(names));
    }

    /**
     * Whether the repositories of the host are searched as well ({@link Store#setRepositories}), where the tenant's profile has
     * them. Such a search has no {@link #startIndex}. Default false.
     */
    public SearchRequest searchRepositories(boolean search) {
        return flag("searchRepositories", search);
    }

    /** A search with this filter. */
    public static SearchRequest of(String filter) {
        return NONE.filter(filter);
    }
}
