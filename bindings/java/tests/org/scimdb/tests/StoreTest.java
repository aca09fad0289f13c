package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;
import static org.scimdb.tests.Fixture.user;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.scimdb.ErrorCode;
import org.scimdb.Principal;
import org.scimdb.Scimdb;
import org.scimdb.ScimdbException;
import org.scimdb.Scope;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.StoreOptions;
import org.scimdb.Tenant;
import org.scimdb.TenantInfo;
import org.scimdb.TenantOptions;
import org.scimdb.Token;
import org.scimdb.TokenOptions;

/** Opening, closing, and what belongs to the store as a whole. */
class StoreTest {
    @Test
    void theVersionIsThePackages() {
        assertEquals("0.1.0", Scimdb.version());
    }

    @Test
    void whatIsStoredStays(@TempDir Path folder) {
        Path directory = folder.resolve("a store with ümläuts");
        String id;
        try (Store store = Store.open(directory)) {
            id = create(store.tenant("default"), "ann");
        }
        try (Store store = Store.open(directory, StoreOptions.defaults().create(false).cacheBytes(16 << 20))) {
            assertEquals("ann", read(store.tenant("default").get("User", id)).get("userName").getAsString());
        }
    }

    @Test
    void aStoreThatIsHeldTellsWho(@TempDir Path folder) {
        Path directory = folder.resolve("store");
        try (Store store = Store.open(directory, StoreOptions.defaults().holder("the first"))) {
            assertNotNull(store);
            ScimdbException error = fails(ErrorCode.LOCKED, () -> Store.open(directory));
            assertTrue(error.isRetriable());
            assertEquals(ErrorCode.Fault.ENVIRONMENT, error.error().fault());
            assertTrue(error.detail().contains("the first"), error.detail());
        }
    }

    @Test
    void aMissingStoreAndAWrongOptionAreTold(@TempDir Path folder) {
        assertThrows(ScimdbException.class,
                () -> Store.open(folder.resolve("none"), StoreOptions.defaults().create(false)));
        fails(ErrorCode.INVALID_ARGUMENT, () -> Store.openInMemory(StoreOptions.defaults().option("cashBytes", "1")));
    }

    @Test
    void closingAgainDoesNothingAndUsingItIsMisuse() {
        Store store = Store.openInMemory();
        Tenant tenant = store.tenant("default");
        String id = create(tenant, "ann");
        store.close();
        store.close();
        ScimdbException error = fails(ErrorCode.MISUSE, () -> tenant.get("User", id));
        assertEquals(35, error.code());
        assertEquals(ErrorCode.Fault.CALLER, error.error().fault());
        fails(ErrorCode.MISUSE, store::stats);
        fails(ErrorCode.MISUSE, store::interrupt);
        fails(ErrorCode.MISUSE, () -> tenant.search(null, SearchRequest.all()));
    }

    @Test
    void tenantsAreApart() {
        try (Store store = Store.openInMemory()) {
            Tenant acme = store.createTenant("acme", TenantOptions.defaults().profile("entra"));
            store.createTenant("other");
            create(acme, "ann");
            create(store.tenant("other"), "ann");
            assertEquals(List.of(new TenantInfo("acme", "entra"), new TenantInfo("default", "strict"),
                    new TenantInfo("other", "strict")), store.tenants());
            fails(ErrorCode.ALREADY_EXISTS, () -> store.createTenant("acme"));
            store.configureTenant("acme", TenantOptions.defaults().profile("okta"));
            assertEquals("okta", store.tenants().getFirst().profile());
            store.dropTenant("acme");
            fails(ErrorCode.UNKNOWN_TENANT, () -> acme.search("User", SearchRequest.all()));
        }
    }

    @Test
    void tokensAreMadeAndRevoked() {
        try (Store store = Store.openInMemory()) {
            Tenant tenant = store.tenant("default");
            String id = create(tenant, "ann");
            Token token = tenant.createToken("idp",
                    TokenOptions.defaults().scope(Scope.READ).lifetime(Duration.ofHours(1)).subject(id));
            assertEquals(new Principal("default", "idp", Scope.READ, id, List.of()), store.authenticate(token.secret()));
            assertFalse(token.toString().contains(token.secret()));
            assertEquals("idp", read(tenant.tokens()).getAsJsonArray("tokens").get(0).getAsJsonObject().get("name")
                    .getAsString());
            tenant.revokeToken("idp");
            fails(ErrorCode.UNAUTHENTICATED, () -> store.authenticate(token.secret()));
        }
    }

    @Test
    void schemasAreRegisteredAndRemoved() {
        String schema = """
                {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": "urn:example:Device", "name": "Device",
                 "attributes": [{"name": "serial", "type": "string", "multiValued": false, "required": true}]}""";
        String type = """
                {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": "Device", "name": "Device",
                 "endpoint": "/Devices", "schema": "urn:example:Device"}""";
        try (Store store = Store.openInMemory()) {
            Tenant tenant = store.tenant("default");
            tenant.putSchemas("[" + schema + "," + type + "]");
            tenant.create("Device", "{\"schemas\":[\"urn:example:Device\"],\"serial\":\"7\"}");
            assertTrue(tenant.schemas().contains("urn:example:Device"));
            fails(ErrorCode.IN_USE, () -> tenant.removeSchema("Device"));
            fails(ErrorCode.UNKNOWN_TYPE, () -> tenant.create("Gadget", user("x")));
        }
    }

    @Test
    void theOperatorsCallsAnswer(@TempDir Path folder) {
        try (Store store = Store.open(folder.resolve("store"))) {
            String id = create(store.tenant("default"), "ann");
            assertTrue(read(store.stats()).size() > 0);
            assertTrue(read(store.check()).size() > 0);
            store.compact();
            store.backup(folder.resolve("copy"));
            assertThrows(ScimdbException.class, () -> store.backup(folder.resolve("copy")));
            try (Store copy = Store.open(folder.resolve("copy"))) {
                assertEquals(store.tenant("default").get("User", id), copy.tenant("default").get("User", id));
            }
        }
    }
}
