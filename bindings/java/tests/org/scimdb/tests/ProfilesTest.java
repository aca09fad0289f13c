package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.scimdb.ErrorCode;
import org.scimdb.ImportOptions;
import org.scimdb.Job;
import org.scimdb.Principal;
import org.scimdb.ProfileReport;
import org.scimdb.QueuedImport;
import org.scimdb.ReadOptions;
import org.scimdb.RequestContext;
import org.scimdb.Scope;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.StoreOptions;
import org.scimdb.Tenant;
import org.scimdb.TenantOptions;
import org.scimdb.Token;
import org.scimdb.TokenOptions;
import org.scimdb.ValueKey;
import org.scimdb.WriteOptions;

/** What the profile of ActivID has: encrypted values, queued imports, erasure, permissions, versions of the API. */
class ProfilesTest {
    static final String ATTRIBUTES = "urn:hid:scim:api:idp:2.0:UserAttribute";
    static final String DEVICES = "urn:hid:scim:api:idp:2.0:UserDevice";

    /** A key of bytes that are all the same. */
    static ValueKey key(String id, int fill) {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) fill);
        return ValueKey.of(id, key);
    }

    static StoreOptions keys(ValueKey... keys) {
        return StoreOptions.defaults().valueKeys(keys);
    }

    /** Makes a tenant with a group. */
    static Tenant people(Store store) {
        Tenant tenant = store.createTenant("people", TenantOptions.defaults().profile("activid"));
        tenant.create("Group", "{\"id\": \"USG\", \"displayName\": \"Full Time Employees\"}");
        return tenant;
    }

    static String born(String externalId, String more) {
        return """
                {"externalId": "%s", "name": {"familyName": "Doe"}, "groups": [{"value": "USG"}], %s
                 "%s": {"attributes": [{"name": "DOB", "value": "1815-12-10"}]}}"""
                .formatted(externalId, more, ATTRIBUTES);
    }

    @Test
    void keysAreGivenAndRotated(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("store");
        ValueKey old = key("old", 1);
        ValueKey current = key("current", 2);
        String secret = Base64.getEncoder().encodeToString(new byte[] {1, 1, 1});
        assertTrue(keys(old).toJson().contains(secret));
        assertFalse((keys(old) + "" + old).contains(secret));
        assertEquals("old", old.id());
        fails(ErrorCode.INVALID_ARGUMENT, () -> Store.open(path, keys(ValueKey.of("short", new byte[31]))));
        fails(ErrorCode.INVALID_ARGUMENT, () -> Store.open(path, keys(old).valueKeysFile(path)));
        try (Store store = Store.open(path, keys(old))) {
            people(store).create("User", born("ann", ""), WriteOptions.defaults().id("1"));
        }

        // The other way to give them, with another key in front.
        Path file = folder.resolve("keys.json");
        Files.writeString(file, "{\"keys\":" + read(keys(current, old).toJson()).get("valueKeys") + "}");
        try (Store store = Store.open(path, StoreOptions.defaults().valueKeysFile(file))) {
            assertEquals(1, store.rotateValueKeys());
            assertEquals(0, store.rotateValueKeys());
        }
        try (Store store = Store.open(path, keys(current))) {
            assertTrue(store.tenant("people").get("User", "1").contains("1815-12-10"));
        }
        try (Store store = Store.openInMemory()) {
            fails(ErrorCode.INVALID_ARGUMENT, store::rotateValueKeys);
        }
    }

    @Test
    void importsAreQueuedAndUsersForgotten() throws IOException {
        String object = """
                {"users": [{"externalId": "ann", "name": {"familyName": "Ö"}},
                  {"externalId": "ann", "name": {"familyName": "O"}},
                  {"externalId": "bo", "name": {"familyName": "B"}, "groups": [{"value": "USG"}]}],
                 "group": {"value": "USG"}}""";
        byte[] bytes = object.getBytes(StandardCharsets.UTF_8);
        ImportOptions hr = ImportOptions.defaults().resourceType("User").actor("hr");
        try (Store store = Store.openInMemory(keys(key("k", 1)))) {
            Tenant tenant = people(store);
            assertThrows(IllegalArgumentException.class, () -> tenant.queueImport(object.replace("Ö", "\ud800"), hr));
            assertEquals(List.of(), tenant.jobs());
            Job queued = tenant.queueImport(new ByteArrayInputStream(bytes), hr);
            assertEquals(List.of(3L, "USG", "hr", "User"),
                    List.of(queued.importSize(), queued.group(), queued.actor(), queued.resourceType()));
            assertNotNull(queued.created());
            Job job = tenant.job(queued.correlationId(), Duration.ofMinutes(1));
            assertEquals(Job.Status.DONE, job.status(), job.json());
            assertNotNull(job.finished());
            assertNull(job.reason());
            assertEquals(List.of(3L, 1L, 1L, 1L),
                    List.of(job.processed(), job.imported(), job.alreadyExisted(), job.failed()));
            assertEquals(List.of(3L, "bo"), List.of(job.failures().getFirst().row(), job.failures().getFirst().externalId()));

            // What is given up or wrong leaves nothing.
            QueuedImport given = tenant.openQueue(null);
            given.feed(bytes, 0, 40);
            given.feed(ByteBuffer.allocateDirect(2).put((byte) ' ').put((byte) ' ').flip());
            given.close();
            fails(ErrorCode.MISUSE, given::finish);
            fails(ErrorCode.INVALID_SYNTAX, () -> tenant.queueImport("{\"users\": [}", null));
            fails(ErrorCode.UNKNOWN_TYPE, () -> tenant.queueImport(object, ImportOptions.defaults().resourceType("Printer")));
            fails(ErrorCode.INVALID_ARGUMENT, () -> tenant.queueImport(object, ImportOptions.defaults().restore(true)));
            InputStream broken = InputStream.nullInputStream();
            broken.close();
            assertThrows(IOException.class, () -> tenant.queueImport(broken, hr));
            assertEquals(List.of(job), tenant.jobs());
            fails(ErrorCode.NOT_FOUND, () -> tenant.job("NONE"));

            fails(ErrorCode.IN_USE, () -> tenant.forget("User", "ann"));
            String found = tenant.search("User", SearchRequest.of("externalId eq \"ann\""));
            tenant.delete("User",
                    read(found).getAsJsonArray("Resources").get(0).getAsJsonObject().get("id").getAsString());
            assertEquals(1, tenant.forget("User", "ann", WriteOptions.defaults().actor("hr")));
            fails(ErrorCode.NOT_FOUND, () -> tenant.forget("User", "ann"));
        }
    }

    @Test
    void tokensAndCallersAreLimited() {
        try (Store store = Store.openInMemory(keys(key("k", 1)))) {
            Tenant tenant = people(store);
            Token first = tenant.createToken("idp", TokenOptions.defaults().permissions("Forget User"));
            Token again = tenant.regenerateToken("idp");
            assertEquals("idp", again.name());
            fails(ErrorCode.UNAUTHENTICATED, () -> store.authenticate(first.secret()));
            assertEquals(new Principal("people", "idp", Scope.WRITE, null, List.of("Forget User")),
                    store.authenticate(again.secret()));
            assertTrue(tenant.tokens().contains("\"permissions\":[\"Forget User\"]"), tenant.tokens());
            fails(ErrorCode.NOT_FOUND, () -> tenant.regenerateToken("nobody"));
            RequestContext caller = RequestContext.defaults();
            assertEquals(200, tenant.handle("GET", "/User/AttributeType", Map.of(), null, caller).status());
            assertEquals(403, tenant.handle("GET", "/User/AttributeType", Map.of(), null, caller.permissions("Forget User"))
                    .status());
        }
    }

    @Test
    void versionsForceAndChecksOfProfiles() {
        try (Store store = Store.openInMemory(keys(key("k", 1)))) {
            Tenant tenant = people(store);
            String devices = "\"" + DEVICES + "\": {\"devices\": [{\"value\": \"1\", \"friendlyName\": \"phone\"}]},";
            WriteOptions latest = WriteOptions.defaults().id("1").apiVersion(2).attributes(DEVICES + ":devices");
            assertTrue(tenant.create("User", born("ann", devices), latest).contains("phone"));
            ReadOptions shown = ReadOptions.defaults().attributes(DEVICES + ":devices");
            assertFalse(tenant.get("User", "1", shown).contains("phone"));
            assertTrue(tenant.get("User", "1", shown.apiVersion(2)).contains("phone"));
            fails(ErrorCode.IN_USE, () -> tenant.delete("UserAttributeType", "DOB"));
            tenant.delete("UserAttributeType", "DOB", WriteOptions.defaults().force(true));

            Tenant plain = store.tenant();
            create(plain, "ann");
            ProfileReport own = plain.checkProfile();
            assertEquals(List.of("strict", 1L, 0L), List.of(own.profile(), own.resources(), own.refused()));
            for (String profile : List.of("absorb", "{\"name\": \"own\", \"extends\": \"absorb\"}")) {
                ProfileReport report = plain.checkProfile(profile);
                assertEquals(1, report.refused(), report.json());
                assertEquals(1, report.counts().getFirst().count());
                assertEquals("User", report.findings().getFirst().resourceType());
                assertFalse(report.findings().getFirst().rule().isEmpty());
            }
            fails(ErrorCode.INVALID_ARGUMENT, () -> plain.checkProfile("none"));
        }
    }
}
