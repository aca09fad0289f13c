package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;
import static org.scimdb.tests.Fixture.rename;
import static org.scimdb.tests.Fixture.user;

import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.scimdb.ErrorCode;
import org.scimdb.ImportOptions;
import org.scimdb.ImportReport;
import org.scimdb.Operation;
import org.scimdb.RefusedException;
import org.scimdb.Response;
import org.scimdb.ScimdbException;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.Tenant;
import org.scimdb.Write;
import org.scimdb.WriteOptions;

/** Hooks that refuse, set, react and fail. */
class HooksTest {
    private final Store store = Store.openInMemory();
    private final Tenant tenant = store.tenant("default");

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void aRefusalIsTheWritersError() {
        store.setHooks(write -> {
            throw new RefusedException(409, "uniqueness", "the name is taken élsewhere");
        }, null);
        ScimdbException error = fails(ErrorCode.UNIQUENESS, () -> create(tenant, "ann"));
        assertEquals(409, error.status());
        assertEquals("uniqueness", error.scimType());
        assertTrue(error.detail().contains("the name is taken élsewhere"), error.detail());
        assertInstanceOf(RefusedException.class, error.getCause());
        assertEquals(0, read(tenant.search("User", SearchRequest.all())).get("totalResults").getAsInt());

        store.setHooks(write -> {
            throw new RefusedException("not here");
        }, null);
        assertEquals("invalidValue", fails(ErrorCode.INVALID_VALUE, () -> create(tenant, "ann")).scimType());
        store.setHooks(null, null);
        create(tenant, "ann");
    }

    @Test
    void attributesAreSet() {
        store.setHooks(write -> "{\"userType\": \"Employee\", \"nickName\": null}", null);
        String made = tenant.create("User", user("ann").replace("{", "{\"nickName\":\"A\","));
        assertEquals("Employee", read(made).get("userType").getAsString());
        assertNull(read(made).get("nickName"));
    }

    @Test
    void aHookThatFailsRefusesThatWriteAlone() {
        IllegalStateException failure = new IllegalStateException("the host's own bug");
        store.setHooks(write -> {
            if (write.after() != null && write.after().contains("bad")) {
                throw failure;
            }
            return null;
        }, write -> {
            throw failure;
        });
        ScimdbException error = assertThrows(ScimdbException.class, () -> create(tenant, "bad"));
        assertEquals(500, error.status());
        assertSame(failure, error.getCause());
        assertTrue(!error.detail().contains("bug"), error.detail());
        String id = create(tenant, "good");
        assertEquals("good", read(tenant.get("User", id)).get("userName").getAsString());

        store.setHooks(write -> "no JSON", null);
        ScimdbException wrong = assertThrows(ScimdbException.class, () -> create(tenant, "cy"));
        assertNotEquals(ErrorCode.Fault.CALLER, wrong.error().fault(), wrong.getMessage());
    }

    @Test
    void hooksSeeTheWriteOnItsThread() {
        List<Write> before = new ArrayList<>();
        List<Write> after = new ArrayList<>();
        AtomicReference<Thread> thread = new AtomicReference<>();
        store.setHooks(write -> {
            before.add(write);
            thread.set(Thread.currentThread());
            return null;
        }, after::add);
        String id = read(tenant.create("User", user("ann"), WriteOptions.defaults().actor("a test"))).get("id").getAsString();
        tenant.patch("User", id, rename("Ann"));
        tenant.delete("User", id);
        assertSame(Thread.currentThread(), thread.get());
        assertEquals(List.of(Operation.CREATE, Operation.MODIFY, Operation.DELETE),
                before.stream().map(Write::operation).toList());
        assertEquals(List.of(Operation.CREATE, Operation.MODIFY, Operation.DELETE),
                after.stream().map(Write::operation).toList());
        Write created = after.get(0);
        assertEquals(List.of("default", "User", id, "a test"),
                List.of(created.tenant(), created.resourceType(), created.id(), created.actor()));
        assertNull(created.before());
        assertEquals("ann", read(created.after()).get("userName").getAsString());
        assertEquals("Ann", read(after.get(1).after()).get("displayName").getAsString());
        assertNull(after.get(2).after());
        assertTrue(after.get(1).sequence() > created.sequence() && created.sequence() > 0);
    }

    @Test
    void hooksReadTheStoreAndOnlyTheLastWrites() {
        String ann = create(tenant, "ann");
        List<ErrorCode> seen = new ArrayList<>();
        store.setHooks(write -> {
            assertEquals("ann", read(tenant.get("User", ann)).get("userName").getAsString());
            assertEquals(1, read(tenant.search("User", SearchRequest.all())).get("totalResults").getAsInt());
            try {
                tenant.delete("User", ann);
            } catch (ScimdbException error) {
                seen.add(error.error());
            }
            return null;
        }, write -> {
            if (write.operation() == Operation.CREATE) {
                store.setHooks(null, null);
                tenant.delete("User", ann);
            }
        });
        create(tenant, "bo");
        assertEquals(List.of(ErrorCode.MISUSE), seen);
        fails(ErrorCode.NOT_FOUND, () -> tenant.get("User", ann));
    }

    @Test
    void theEndpointAndImportsAreHookedToo() {
        store.setHooks(write -> {
            if (!read(write.after()).get("userName").getAsString().endsWith("@example.com")) {
                throw new RefusedException("userName must end in @example.com");
            }
            return null;
        }, null);
        Response refused = tenant.handle("POST", "/Users", Map.of("Content-Type", List.of("application/scim+json")),
                user("ann").getBytes(StandardCharsets.UTF_8));
        assertEquals(400, refused.status());
        assertEquals("invalidValue", read(refused.text()).get("scimType").getAsString());
        ImportReport report = tenant.importAll(List.of(user("bo"), user("cy@example.com")), ImportOptions.defaults());
        assertEquals(List.of(1L, 1L), List.of(report.created(), report.rejected()));
        // The failure of a hook within an import is no cause of what fails later on this thread.
        assertNull(fails(ErrorCode.NOT_FOUND, () -> tenant.get("User", "nobody")).getCause());
    }

    @Test
    void hooksThatAreReplacedAreLetGo() throws InterruptedException {
        WeakReference<Object> held = hold(new Object());
        create(tenant, "ann");
        assertNotNull(held.get());
        store.setHooks(null, null);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (held.get() != null && System.nanoTime() < deadline) {
            System.gc();
            Thread.sleep(10);
        }
        assertNull(held.get());
    }

    private WeakReference<Object> hold(Object object) {
        store.setHooks(null, write -> object.hashCode());
        return new WeakReference<>(object);
    }
}
