package org.scimdb;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * A SCIM endpoint (RFC 7644) for the JDK's {@link com.sun.net.httpserver.HttpServer}. It asks for bearer tokens that the store
 * made ({@link Tenant#createToken}), unless the host tells the callers itself ({@link #callers}).
 *
 * {@snippet lang = java :
 * server.createContext("/scim/v2", ScimHandler.of(store.tenant("default")));
 * }
 */
public final class ScimHandler implements HttpHandler {
    private static final int MAX_BODY = 1 << 20;
    private static final byte[] FAILED = """
            {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"the endpoint failed"}"""
            .getBytes(StandardCharsets.UTF_8);

    private final Tenant tenant;
    private final String base;
    private final int maxBodyBytes;
    private final Function<HttpExchange, RequestContext> callers;

    private ScimHandler(Tenant tenant, String base, int maxBodyBytes, Function<HttpExchange, RequestContext> callers) {
        this.tenant = tenant;
        this.base = base;
        this.maxBodyBytes = maxBodyBytes;
        this.callers = callers;
    }

    /** The endpoint of a tenant. */
    public static ScimHandler of(Tenant tenant) {
        return new ScimHandler(tenant, null, MAX_BODY, exchange -> RequestContext.defaults().authenticate(true));
    }

    /**
     * The URL of the endpoint, as clients know it: {@code https://example.com/scim/v2}. Default: what the request's
     * {@code Host} says, which is wrong behind a proxy that changes it.
     */
    public ScimHandler base(String url) {
        return new ScimHandler(tenant, Objects.requireNonNull(url, "url"), maxBodyBytes, callers);
    }

    /** Bytes of a body at most; a longer one is answered 413. Default 1 MiB. */
    public ScimHandler maxBodyBytes(int bytes) {
        if (bytes < 0 || bytes == Integer.MAX_VALUE) {
            throw new IllegalArgumentException("bytes: " + bytes);
        }
        return new ScimHandler(tenant, base, bytes, callers);
    }

    /**
     * Who calls: the host has checked its credentials, in a filter say. The function tells actor, scope, permissions and
     * subject; base and limits are the handler's.
     */
    public ScimHandler callers(Function<HttpExchange, RequestContext> function) {
        return new ScimHandler(tenant, base, maxBodyBytes, Objects.requireNonNull(function, "function"));
    }

    /** Answers a request. */
    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readNBytes(maxBodyBytes + 1);
            Response response;
            try {
                RequestContext context = callers.apply(exchange).base(base(exchange)).maxBodyBytes(maxBodyBytes);
                response = tenant.handle(exchange.getRequestMethod(), target(exchange), exchange.getRequestHeaders(), body,
                        context);
            } catch (RuntimeException failure) {
                Upcalls.LOGGER.log(System.Logger.Level.ERROR, "a SCIM request cannot be answered", failure);
                response = new Response(500, Map.of("content-type", "application/scim+json"), FAILED);
            }
            send(exchange, response);
        }
    }

    private static void send(HttpExchange exchange, Response response) throws IOException {
        Headers headers = exchange.getResponseHeaders();
        response.headers().forEach(headers::set);
        boolean bodiless = response.body().length == 0 || exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(response.status(), bodiless ? -1 : response.body().length);
        if (!bodiless) {
            exchange.getResponseBody().write(response.body());
        }
    }

    /** What stands behind the place where the handler is mounted. */
    private static String target(HttpExchange exchange) {
        String path = exchange.getRequestURI().getRawPath();
        String mounted = mounted(exchange);
        // What only begins like the place, /scim/v2x, is no path of the endpoint: as it is, it names no resource type.
        if (path.startsWith(mounted) && (path.length() == mounted.length() || path.charAt(mounted.length()) == '/')) {
            path = path.substring(mounted.length());
        }
        String query = exchange.getRequestURI().getRawQuery();
        return (path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
    }

    private static String mounted(HttpExchange exchange) {
        String path = exchange.getHttpContext().getPath();
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private String base(HttpExchange exchange) {
        if (base != null) {
            return base;
        }
        String host = exchange.getRequestHeaders().getFirst("Host");
        String scheme = exchange instanceof HttpsExchange ? "https://" : "http://";
        return host == null ? mounted(exchange) : scheme + host + mounted(exchange);
    }
}
