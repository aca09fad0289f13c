package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.read;
import static org.scimdb.tests.Fixture.user;

import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.scimdb.Change;
import org.scimdb.RequestContext;
import org.scimdb.Response;
import org.scimdb.ScimHandler;
import org.scimdb.Scope;
import org.scimdb.ServeOptions;
import org.scimdb.Server;
import org.scimdb.Store;
import org.scimdb.Tenant;
import org.scimdb.TokenOptions;

/** The endpoint: as a function, in the JDK's web server, and served by the library. */
class HandlerTest {
    private final Store store = Store.openInMemory();
    private final Tenant tenant = store.tenant("default");
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer server;

    @AfterEach
    void close() {
        if (server != null) {
            server.stop(0);
        }
        client.close();
        threads.close();
        store.close();
    }

    private String mount(String path, HttpHandler handler) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(path, handler);
        server.setExecutor(threads);
        server.start();
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/scim/v2";
    }

    private HttpResponse<String> send(String method, String url, String token, String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .header("Content-Type", "application/scim+json");
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    @Test
    void theFunctionAnswers() {
        Response response = tenant.handle("GET", "/Users?filter=userName%20eq", Map.of(), null);
        assertEquals(400, response.status());
        assertEquals("invalidFilter", read(response.text()).get("scimType").getAsString());
        assertTrue(response.headers().get("content-type").startsWith("application/scim+json"));
        assertEquals(404, store.tenant("none").handle("GET", "/Users", Map.of(), null).status());
        RequestContext reads = RequestContext.defaults().scope(Scope.READ).base("https://example.com/scim/v2");
        assertEquals(403, tenant.handle("DELETE", "/Users/x", Map.of(), null, reads).status());
        String id = create(tenant, "ann");
        JsonObject me = read(tenant.handle("GET", "/Me", Map.of(), null, reads.subject(id)).text());
        assertEquals("https://example.com/scim/v2/Users/" + id, me.getAsJsonObject("meta").get("location").getAsString());
    }

    @Test
    void theEndpointAsksForTokens() throws Exception {
        String url = mount("/scim/v2", ScimHandler.of(tenant).maxBodyBytes(10_000));
        String token = tenant.createToken("idp", TokenOptions.defaults().scope(Scope.WRITE)).secret();
        String reader = tenant.createToken("reader", TokenOptions.defaults().scope(Scope.READ)).secret();
        assertEquals(401, send("GET", url + "/Users", null, null).statusCode());
        assertEquals(401, send("GET", url + "/Users", "wrong", null).statusCode());
        assertEquals(403, send("POST", url + "/Users", reader, user("ann")).statusCode());

        HttpResponse<String> made = send("POST", url + "/Users", token, user("ann é"));
        assertEquals(201, made.statusCode());
        String location = made.headers().firstValue("location").orElseThrow();
        assertTrue(location.startsWith(url + "/Users/"), location);
        assertEquals(made.body(), send("GET", location, reader, null).body());
        HttpResponse<String> head = send("HEAD", location, reader, null);
        assertEquals(200, head.statusCode());
        assertEquals("", head.body());
        assertEquals(made.body().getBytes("UTF-8").length, head.headers().firstValueAsLong("content-length").orElse(-1));
        String filter = url + "/Users?filter=userName%20eq%20%22ann%20%C3%A9%22";
        assertEquals(1, read(send("GET", filter, reader, null).body()).get("totalResults").getAsInt());
        assertEquals(204, send("DELETE", location, token, null).statusCode());
        assertEquals(413, send("POST", url + "/Users", token, " ".repeat(10_001)).statusCode());
        assertEquals(404, send("GET", url + "x/Users", token, null).statusCode());
        assertEquals("idp", tenant.changes(0).changes().stream().map(Change::actor).findFirst().orElseThrow());
    }

    @Test
    void aTokenIsItsTenantsAlone() throws Exception {
        Tenant acme = store.createTenant("acme");
        String url = mount("/scim/v2/", ScimHandler.of(acme));
        create(acme, "ann");
        TokenOptions reads = TokenOptions.defaults().scope(Scope.READ);
        String token = acme.createToken("idp", reads).secret();
        assertEquals(1, read(send("GET", url + "/Users", token, null).body()).get("totalResults").getAsInt());
        String other = store.tenant().createToken("idp", reads).secret();
        assertTrue(send("GET", url + "/Users", other, null).statusCode() >= 401);
    }

    @Test
    void theHostTellsItsCallers() throws Exception {
        String url = mount("/scim/v2", ScimHandler.of(tenant).base("https://example.com/scim").callers(exchange -> {
            if (exchange.getRequestHeaders().containsKey("X-Broken")) {
                throw new IllegalStateException("the host fails");
            }
            return RequestContext.defaults().actor("a host").scope(Scope.WRITE);
        }));
        HttpResponse<String> made = send("POST", url + "/Users", null, user("ann"));
        assertTrue(made.headers().firstValue("location").orElseThrow().startsWith("https://example.com/scim/Users/"));
        assertEquals(List.of("a host"), tenant.changes(0).changes().stream().map(Change::actor).toList());
        HttpRequest broken = HttpRequest.newBuilder(URI.create(url + "/Users")).header("X-Broken", "1").build();
        HttpResponse<String> failed = client.send(broken, BodyHandlers.ofString());
        assertEquals("500", read(failed.body()).get("status").getAsString());
        store.close();
        assertEquals(500, send("GET", url + "/Users", null, null).statusCode());
    }

    @Test
    void theLibraryServes() throws Exception {
        try (Server served = store.serve(ServeOptions.defaults().address("127.0.0.1:0").requireTokens(false))) {
            String users = served.url().resolve("/scim/v2/Users").toString();
            assertEquals(201, send("POST", users, null, user("ann")).statusCode());
            assertEquals(1, read(send("GET", users, null, null).body()).get("totalResults").getAsInt());
        }
    }
}
