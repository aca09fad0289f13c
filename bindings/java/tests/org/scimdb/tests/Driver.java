package org.scimdb.tests;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.scimdb.ImportOptions;
import org.scimdb.Options;
import org.scimdb.Principal;
import org.scimdb.ReadOptions;
import org.scimdb.RequestContext;
import org.scimdb.ResourceCursor;
import org.scimdb.ResourceImport;
import org.scimdb.Response;
import org.scimdb.ScimdbException;
import org.scimdb.Scimdb;
import org.scimdb.Store;
import org.scimdb.StoreOptions;
import org.scimdb.Tenant;
import org.scimdb.TenantOptions;
import org.scimdb.Token;
import org.scimdb.TokenOptions;
import org.scimdb.WriteOptions;

/** Does what the runner of the corpus asks for, a JSON object a line, by this package. */
public final class Driver {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private Store store;

    private Driver() {}

    /** Reads requests until the input ends. */
    public static void main(String[] arguments) throws IOException {
        Driver driver = new Driver();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.print(GSON.toJson(driver.answer(new Request(JsonParser.parseString(line).getAsJsonObject()))) + "\n");
            out.flush();
        }
        driver.close();
    }

    private JsonObject answer(Request request) {
        JsonObject answer = new JsonObject();
        try {
            JsonObject done = perform(request);
            if (done == null) {
                answer.addProperty("unsupported", true);
            } else {
                answer.add("ok", done);
            }
        } catch (ScimdbException error) {
            answer.add("error", told(error));
        }
        return answer;
    }

    private static JsonObject told(ScimdbException error) {
        JsonObject told = new JsonObject();
        told.addProperty("code", error.code());
        told.addProperty("name", error.name());
        told.addProperty("status", error.status());
        told.addProperty("scimType", error.scimType());
        told.addProperty("detail", error.detail());
        told.addProperty("attribute", error.attribute());
        told.addProperty("offset", error.offset().isPresent() ? error.offset().getAsLong() : null);
        told.addProperty("retriable", error.isRetriable());
        return told;
    }

    /** What an operation answers; null for one that is not known. */
    private JsonObject perform(Request request) {
        String operation = request.text("op");
        switch (operation) {
            case "hello":
                return hello();
            case "open":
                close();
                store = Store.openInMemory(request.options("options", StoreOptions::ofJson, StoreOptions.defaults()));
                return new JsonObject();
            case "tenant_create":
                store.createTenant(request.text("name"),
                        request.options("options", TenantOptions::ofJson, TenantOptions.defaults()));
                return new JsonObject();
            case "tenant_drop":
                store.dropTenant(request.text("name"));
                return new JsonObject();
            case "authenticate":
                return json(told(store.authenticate(request.text("secret"))));
            case "stats":
                return json(store.stats());
            case "handle":
                return handle(request);
            default:
                return perform(operation, tenant(request), request);
        }
    }

    private static JsonObject perform(String operation, Tenant tenant, Request request) {
        String type = request.text("type");
        String id = request.text("id");
        switch (operation) {
            case "schema_put":
                tenant.putSchemas(request.json("documents"));
                return new JsonObject();
            case "create":
                return json(tenant.create(type, request.text("json"), request.write()));
            case "get":
                return json(tenant.get(type, id, request.options("options", ReadOptions::ofJson, null)));
            case "replace":
                return json(tenant.replace(type, id, request.text("json"), request.write()));
            case "patch":
                return json(tenant.patch(type, id, request.text("json"), request.write()));
            case "delete":
                tenant.delete(type, id, request.write());
                return new JsonObject();
            case "search":
                return json(tenant.search(type, request.text("request")));
            case "explain":
                return json(tenant.explain(type, request.text("request")));
            case "iterate":
                return iterate(tenant, type, request.text("request"));
            case "bulk":
                return json(tenant.bulk(request.text("request"), request.write()));
            case "import":
                return importChunks(tenant, request);
            case "changes":
                return json(tenant.changes(request.number("since"), (int) request.number("max"),
                        Duration.ofMillis(request.number("wait_ms"))).json());
            case "token_create":
                return json(told(tenant.createToken(request.text("name"),
                        request.options("options", TokenOptions::ofJson, TokenOptions.defaults()))));
            default:
                return null;
        }
    }

    private static JsonObject hello() {
        JsonObject hello = new JsonObject();
        hello.addProperty("language", "java");
        hello.addProperty("version", Scimdb.version());
        hello.addProperty("kind", "binding");
        return hello;
    }

    private static JsonObject iterate(Tenant tenant, String type, String request) {
        JsonArray found = new JsonArray();
        try (ResourceCursor cursor = tenant.iterate(type, request)) {
            cursor.forEach(found::add);
        }
        JsonObject answer = new JsonObject();
        answer.add("json", found);
        return answer;
    }

    private static JsonObject importChunks(Tenant tenant, Request request) {
        try (ResourceImport rows = tenant.openImport(request.options("options", ImportOptions::ofJson, null))) {
            for (JsonElement chunk : request.members.getAsJsonArray("chunks")) {
                rows.feed(chunk.getAsString().getBytes(StandardCharsets.UTF_8));
            }
            return json(rows.finish().json());
        }
    }

    private JsonObject handle(Request request) {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        if (request.members.get("headers") instanceof JsonArray pairs) {
            for (JsonElement pair : pairs) {
                headers.computeIfAbsent(pair.getAsJsonArray().get(0).getAsString(), name -> new ArrayList<>())
                        .add(pair.getAsJsonArray().get(1).getAsString());
            }
        }
        String encoded = request.text("body_base64");
        String text = request.text("body");
        byte[] body = encoded != null ? Base64.getDecoder().decode(encoded)
                : text != null ? text.getBytes(StandardCharsets.UTF_8) : null;
        RequestContext context = request.options("context", RequestContext::ofJson, null);
        Response response =
                tenant(request).handle(request.text("method"), request.text("target"), headers, body, context);
        JsonObject answer = new JsonObject();
        answer.addProperty("status", response.status());
        answer.add("headers", GSON.toJsonTree(response.headers()));
        answer.addProperty("body", response.text());
        return answer;
    }

    private Tenant tenant(Request request) {
        String name = request.text("tenant");
        return name == null ? store.tenant() : store.tenant(name);
    }

    private static JsonObject json(String text) {
        JsonObject answer = new JsonObject();
        answer.addProperty("json", text);
        return answer;
    }

    private static String told(Token token) {
        return GSON.toJson(Map.of("name", token.name(), "secret", token.secret()));
    }

    private static String told(Principal principal) {
        JsonObject told = new JsonObject();
        told.addProperty("tenant", principal.tenant());
        told.addProperty("name", principal.name());
        told.addProperty("scope", principal.scope().name().toLowerCase(Locale.ROOT));
        told.addProperty("subject", principal.subject());
        if (!principal.permissions().isEmpty()) {
            told.add("permissions", GSON.toJsonTree(principal.permissions()));
        }
        return GSON.toJson(told);
    }

    private void close() {
        if (store != null) {
            store.close();
        }
    }

    /** A line of the runner's. */
    private record Request(JsonObject members) {
        String text(String name) {
            JsonElement value = members.get(name);
            return value == null || value instanceof JsonNull ? null : value.getAsString();
        }

        long number(String name) {
            return members.get(name).getAsLong();
        }

        String json(String name) {
            return GSON.toJson(members.get(name));
        }

        <T extends Options<T>> T options(String name, Function<String, T> read, T without) {
            JsonElement value = members.get(name);
            return value == null || value instanceof JsonNull ? without : read.apply(json(name));
        }

        WriteOptions write() {
            return options("options", WriteOptions::ofJson, null);
        }
    }
}
