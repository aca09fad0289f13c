package org.scimdb.clients;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The binary that SCIMDB_BIN names, as a server on a free port. */
final class ServerProcess implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("listening on http://(\\S+)");

    private final Path folder = Files.createTempDirectory("scimdb-java-");
    private final Process process;
    final String address;

    ServerProcess() throws IOException {
        ProcessBuilder command = new ProcessBuilder(
                System.getenv("SCIMDB_BIN"), "serve", "--store", folder.resolve("store").toString(), "--address", "127.0.0.1:0");
        command.environment().keySet().removeIf(name -> name.startsWith("SCIMDB_"));
        File log = folder.resolve("log").toFile();
        process = command.redirectError(log).start();
        address = listening(process.inputReader());
    }

    private String listening(BufferedReader output) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher found = LISTENING.matcher(line);
            if (found.find()) {
                return found.group(1);
            }
        }
        throw new IOException("the server did not start:\n" + Files.readString(folder.resolve("log")));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        }
        if (process.exitValue() != 0) {
            throw new IllegalStateException("the server ended with " + process.exitValue());
        }
    }
}
