package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.scimdb.ErrorCode;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.StoreOptions;
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
                    + fails(ErrorCode.NOT_IMPLEMENTED, () -> tenant.iterate("User", SearchRequest.all())).status());
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
            assertEquals("false 3 501", new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            assertEquals(0, other.waitFor());
            String found = store.tenant().search("User", SearchRequest.of("userName eq \"from another process\""));
            assertEquals(1, read(found).get("totalResults").getAsInt());
        }
    }
}
