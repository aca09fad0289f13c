package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.read;
import static org.scimdb.tests.Fixture.rename;
import static org.scimdb.tests.Fixture.user;

import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.scimdb.ScimdbException;
import org.scimdb.Store;
import org.scimdb.Tenant;

/** The README's examples, as test.sh has taken them out and compiled them; the first in a process, on the module path. */
class ReadmeTest {
    private static final String GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";

    @Test
    void theExampleServes(@TempDir Path folder) throws Exception {
        Process example = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-Dport=0",
                "--module-path", System.getProperty("scimdb.jar"), "--add-modules", "org.scimdb",
                "--enable-native-access=org.scimdb", "--class-path", System.getProperty("scimdb.readme"), "Example", "okta")
                .directory(folder.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (HttpClient client = HttpClient.newHttpClient(); BufferedReader output = example.inputReader()) {
            String token = output.readLine();
            String address = output.readLine();
            String url = "http://127.0.0.1" + address.substring(address.lastIndexOf(':')) + "/scim/v2/Users";
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
            assertEquals(401, client.send(request.build(), BodyHandlers.ofString()).statusCode());
            request.header("Authorization", "Bearer " + token);
            String found = client.send(request.build(), BodyHandlers.ofString()).body();
            assertTrue(found.contains("\"totalResults\":0"), found);
        } finally {
            example.destroy();
            example.waitFor();
        }
    }

    /** The README's hooks let everything be that is no blocked user: groups, changes, deletions. */
    @Test
    void theHooksLetTheRestBe() {
        try (Store store = Store.openInMemory()) {
            ReadmeHooks.set(store);
            Tenant tenant = store.tenant();
            assertEquals(403, assertThrows(ScimdbException.class, () -> tenant.create("User", user("eve"))).status());
            String ann = tenant.create("User", user("ann"));
            assertEquals("Employee", read(ann).get("userType").getAsString());
            String staff = tenant.create("Group", "{\"schemas\":[\"" + GROUP + "\"],\"displayName\":\"staff\"}");
            for (Map.Entry<String, String> made : Map.of("User", ann, "Group", staff).entrySet()) {
                String id = read(made.getValue()).get("id").getAsString();
                tenant.patch(made.getKey(), id, rename("other"));
                tenant.delete(made.getKey(), id);
            }
            assertEquals(6, ReadmeHooks.audited);
        }
    }
}
