package org.scimdb;

import java.util.List;
import java.util.Map;

/** What the host tells about a SCIM request and its caller. */
public final class RequestContext extends Options<RequestContext> {
    private static final RequestContext NONE = new RequestContext(Map.of());

    private RequestContext(Map<String, String> members) {
        super(members);
    }

    @Override
    RequestContext of(Map<String, String> members) {
        return new RequestContext(members);
    }

    /** No option set: the defaults. */
    public static RequestContext defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static RequestContext ofJson(String json) {
        return new RequestContext(read(json));
    }

    /**
     * The URL that targets are relative to, without a slash at its end: {@code https://example.com/scim/v2}. Default
     * nothing: locations are relative.
     */
    public RequestContext base(String url) {
        return text("base", url);
    }

    /** Who calls, for the change log. */
    public RequestContext actor(String actor) {
        return text("actor", actor);
    }

    /** The id of the resource that {@code /Me} is for the caller (RFC 7644 section 3.11). */
    public RequestContext subject(String id) {
        return text("subject", id);
    }

    /** What the caller may do. Default {@link Scope#WRITE}. */
    public RequestContext scope(Scope scope) {
        return text("scope", scope.text());
    }

    /** The permissions of the tenant's profile that the caller is limited to. Default none: all that the scope allows. */
    public RequestContext permissions(String... names) {
        return texts("permissions", List.of(names));
    }

    /**
     * Whether the store is to check the bearer token in the {@code authorization} header, and to answer 401 and 403.
     * Default false: the host knows its caller.
     */
    public RequestContext authenticate(boolean authenticate) {
        return flag("authenticate", authenticate);
    }

    /** Bytes of a body at most; a longer one is answered 413. Default 1 MiB. */
    public RequestContext maxBodyBytes(long bytes) {
        return number("maxBodyBytes", bytes);
    }

    /** Where people find help, told by the ServiceProviderConfig (RFC 7643 section 5). */
    public RequestContext documentationUri(String url) {
        return text("documentationUri", url);
    }
}
