package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;
import static org.scimdb.tests.Fixture.rename;
import static org.scimdb.tests.Fixture.user;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.scimdb.ErrorCode;
import org.scimdb.ReadOptions;
import org.scimdb.ScimdbException;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.Tenant;
import org.scimdb.WriteOptions;

/** The verbs of SCIM, and what their failures tell. */
class ResourceTest {
    private final Store store = Store.openInMemory();
    private final Tenant tenant = store.tenant("default");

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void aResourceLives() {
        String id = create(tenant, "ann");
        String version = read(tenant.get("User", id)).getAsJsonObject("meta").get("version").getAsString();
        fails(ErrorCode.NOT_MODIFIED, () -> tenant.get("User", id, ReadOptions.defaults().ifNoneMatch(version)));

        JsonObject patched = read(tenant.patch("User", id, rename("Ann"), WriteOptions.defaults().ifMatch(version)
                .attributes("displayName").actor("a test")));
        assertEquals("Ann", patched.get("displayName").getAsString());
        assertNull(patched.get("userName"));
        ScimdbException late = fails(ErrorCode.VERSION_MISMATCH,
                () -> tenant.patch("User", id, rename("Eve"), WriteOptions.defaults().ifMatch(version)));
        assertEquals(412, late.status());

        assertNull(read(tenant.replace("User", id, user("ann"))).get("displayName"));
        JsonObject part = read(tenant.get("User", id, ReadOptions.defaults().attributes("userName").base("https://x")));
        assertEquals("ann", part.get("userName").getAsString());
        assertNull(part.get("active"));
        tenant.delete("User", id);
        assertEquals(404, fails(ErrorCode.NOT_FOUND, () -> tenant.get("User", id)).status());
    }

    @Test
    void theIdCanBeTheHosts() {
        String made = tenant.create("User", user("ann"), WriteOptions.defaults().id("ann-1").base("https://example.com"));
        assertTrue(read(made).getAsJsonObject("meta").get("location").getAsString().startsWith("https://example.com/"));
        assertEquals("ann", read(tenant.get("User", "ann-1")).get("userName").getAsString());
    }

    @Test
    void passwordsAreVerified() {
        JsonObject user = read(user("ann"));
        user.addProperty("password", "t1meMa$heen");
        String id = read(tenant.create("User", user.toString())).get("id").getAsString();
        assertTrue(tenant.verifyPassword("User", id, "t1meMa$heen"));
        assertFalse(tenant.verifyPassword("User", id, "timeMachine"));
        assertFalse(tenant.verifyPassword("User", "nobody", "x"));
    }

    @Test
    void searchesPageAndExplain() {
        for (String name : new String[] {"cy", "ann", "bo"}) {
            create(tenant, name);
        }
        SearchRequest sorted = SearchRequest.of("userName pr").sortBy("userName").descending().startIndex(2).count(1)
                .attributes("userName");
        JsonObject page = read(tenant.search("User", sorted));
        assertEquals(3, page.get("totalResults").getAsInt());
        assertEquals("bo", page.getAsJsonArray("Resources").get(0).getAsJsonObject().get("userName").getAsString());
        JsonObject first = read(tenant.search(null, SearchRequest.all().count(2).cursor("")));
        JsonObject second = read(tenant.search(null,
                SearchRequest.all().count(2).cursor(first.get("nextCursor").getAsString())));
        assertEquals(1, second.getAsJsonArray("Resources").size());
        assertTrue(read(tenant.explain("User", sorted)).size() > 0);
    }

    @Test
    void anErrorTellsEverything() {
        create(tenant, "ann");
        ScimdbException taken = fails(ErrorCode.UNIQUENESS, () -> create(tenant, "ANN"));
        assertEquals(7, taken.code());
        assertEquals("UNIQUENESS", taken.name());
        assertEquals(409, taken.status());
        assertEquals("uniqueness", taken.scimType());
        assertEquals("userName", taken.attribute());
        assertFalse(taken.isRetriable());
        assertTrue(taken.offset().isEmpty());
        assertEquals("409", read(taken.json()).get("status").getAsString());
        assertEquals(taken.detail(), read(taken.json()).get("detail").getAsString());
        assertTrue(taken.getMessage().contains(taken.detail()));

        ScimdbException wrong = fails(ErrorCode.INVALID_FILTER,
                () -> tenant.search("User", SearchRequest.of("userName eq ")));
        assertEquals(12, wrong.offset().orElse(-1));
        assertEquals("invalidFilter", wrong.scimType());
        assertEquals(ErrorCode.Fault.CALLER, wrong.error().fault());
    }

    @Test
    void bulkAnswersEachOperation() {
        String request = """
                {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
                 {"method": "POST", "path": "/Users", "bulkId": "a", "data": %s},
                 {"method": "POST", "path": "/Users", "bulkId": "b", "data": %s}]}""";
        JsonObject answer = read(tenant.bulk(request.formatted(user("ann"), user("ann"))));
        assertEquals("201", answer.getAsJsonArray("Operations").get(0).getAsJsonObject().get("status").getAsString());
        assertEquals("409", answer.getAsJsonArray("Operations").get(1).getAsJsonObject().get("status").getAsString());
    }

    @Test
    void everyTextComesBackAsItWas() {
        for (String name : new String[] {"ß\u0001\"\\/\n", "Ωδή", "日本語", "🦀🦀 \uD83D\uDC69\u200D\uD83D\uDE80", "a\u2028b"}) {
            String id = create(tenant, name);
            assertEquals(name, read(tenant.get("User", id)).get("userName").getAsString());
            String found = tenant.search("User", SearchRequest.of("userName eq " + quoted(name)));
            assertEquals(1, read(found).get("totalResults").getAsInt(), found);
        }
        String half = "ann\uD83E";
        assertThrows(IllegalArgumentException.class, () -> tenant.get("User", half));
        assertThrows(NullPointerException.class, () -> SearchRequest.of(null));
        fails(ErrorCode.NOT_FOUND, () -> tenant.get("User", "a\0b"));
    }

    private static String quoted(String text) {
        return new com.google.gson.JsonPrimitive(text).toString();
    }

    @Test
    void absentTextsAreTold() {
        assertEquals(ErrorCode.Fault.CALLER,
                assertThrows(ScimdbException.class, () -> tenant.get(null, "x")).error().fault());
        assertEquals(ErrorCode.Fault.CALLER,
                assertThrows(ScimdbException.class, () -> tenant.create("User", null)).error().fault());
        assertEquals(ErrorCode.Fault.CALLER,
                assertThrows(ScimdbException.class, () -> tenant.create("User", "")).error().fault());
    }

    @Test
    void largeBodiesPass() {
        JsonObject user = read(user("ann"));
        user.addProperty("title", "é".repeat(1_000_000));
        String id = read(tenant.create("User", user.toString())).get("id").getAsString();
        assertEquals(1_000_000, read(tenant.get("User", id)).get("title").getAsString().length());
        assertEquals("ann", read(tenant.get("User", id, ReadOptions.defaults().attributes("userName"))).get("userName")
                .getAsString());
    }
}
