package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example, as test.sh has taken it out and compiled it: in a process of its own, on the module path. */
class ReadmeTest {
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
}
