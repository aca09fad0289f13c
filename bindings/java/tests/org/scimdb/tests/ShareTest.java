package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.scimdb.ErrorCode;
import org.scimdb.ImportOptions;
import org.scimdb.SearchRequest;
import org.scimdb.ServeOptions;
import org.scimdb.Store;
import org.scimdb.StoreOptions;
import org.scimdb.Subscription;
import org.scimdb.Tenant;

/** Two processes that share a store. */
class ShareTest {
    private static final StoreOptions SHARED = StoreOptions.defaults().share(true);

    /** The other process: opens the store, creates a user, tells what it sees, and ends. */
    public static void main(String[] arguments) {
        try (Store store = Store.open(Path.of(arguments[0]), SHARED)) {
            Tenant tenant = store.tenant();
            String id = create(tenant, "from another process");
            // Changes are waited for where the store is held.
            long last = tenant.changes(0).last();
            var waiting = CompletableFuture.supplyAsync(() -> tenant.changes(last, 1, Duration.ofHours(1)));
            assertEquals(create(tenant, "another"), waiting.join().changes().getFirst().id());
            System.out.print(read(tenant.get("User", id)).get("userType").getAsString() + " "
                    + read(tenant.search("User", SearchRequest.all())).get("totalResults").getAsInt() + " "
                    + imported(store, tenant) + " "
                    + fails(ErrorCode.NOT_IMPLEMENTED, () -> store.serve(ServeOptions.defaults())).status());
        }
    }

    /** What takes several calls is kept where the store is held: how many users there are after an import of one. */
    private static long imported(Store store, Tenant tenant) {
        CountDownLatch woken = new CountDownLatch(1);
        Subscription subscription = store.onChange(sequence -> woken.countDown());
        try {
            String row = "{\"schemas\": [\"urn:ietf:params:scim:schemas:core:2.0:User\"], \"userName\": \"imported\"}";
            assertEquals(1, tenant.importAll(List.of(row), ImportOptions.defaults().resourceType("User")).created());
            assertTrue(woken.await(60, TimeUnit.SECONDS));
        } catch (InterruptedException impossible) {
            throw new AssertionError(impossible);
        } finally {
            subscription.close();
        }
        try (Stream<String> users = tenant.iterate("User", SearchRequest.all()).stream()) {
            return users.count();
        }
    }

    @Test
    void anotherProcessIsAnsweredByTheHolderWithItsHooks(@TempDir Path directory) throws Exception {
        Thread here = Thread.currentThread();
        try (Store store = Store.open(directory, SHARED)) {
            create(store.tenant(), "ann");
            store.setHooks(write -> "{\"userType\": \"" + Thread.currentThread().equals(here) + "\"}", null);
            Process other = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(),
                    "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                    ShareTest.class.getName(), directory.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            assertEquals("false 3 4 501", new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            assertEquals(0, other.waitFor());
            String found = store.tenant().search("User", SearchRequest.of("userName eq \"from another process\""));
            assertEquals(1, read(found).get("totalResults").getAsInt());
        }
    }
}
