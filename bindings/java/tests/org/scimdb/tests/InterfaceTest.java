package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.scimdb.ErrorCode;
import org.scimdb.ReadOptions;
import org.scimdb.Scimdb;
import org.scimdb.ServeOptions;
import org.scimdb.Server;
import org.scimdb.Store;
import org.scimdb.StoreOptions;

/** What this package says, against the header of the C interface. */
class InterfaceTest {
    private static final Path HEADER = Path.of(System.getProperty("scimdb.header"));
    private static final Path SOURCES = Path.of(System.getProperty("scimdb.sources"));

    @Test
    void everyErrorHasItsNumber() throws IOException {
        Map<Integer, String> defined = new TreeMap<>();
        Matcher constant = Pattern.compile("#define SCIMDB_([A-Z_]+) (\\d+)\\b").matcher(Files.readString(HEADER));
        List<String> others = List.of("OK", "DONE", "ABI_VERSION", "VERSION_MAJOR", "VERSION_MINOR", "VERSION_PATCH");
        while (constant.find()) {
            if (!others.contains(constant.group(1))) {
                defined.put(Integer.parseInt(constant.group(2)), constant.group(1));
            }
        }
        Map<Integer, String> known = new TreeMap<>();
        for (ErrorCode code : ErrorCode.values()) {
            if (code != ErrorCode.OTHER) {
                known.put(code.number(), code.name());
            }
        }
        assertEquals(defined, known);
    }

    @Test
    void everyFunctionIsCalled() throws IOException {
        TreeSet<String> declared = new TreeSet<>();
        Matcher function = Pattern.compile("\\b(scimdb_[a-z_]+)\\(").matcher(Files.readString(HEADER));
        while (function.find()) {
            declared.add(function.group(1));
        }
        StringBuilder sources = new StringBuilder();
        try (var files = Files.list(SOURCES)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                sources.append(Files.readString(file));
            }
        }
        // Cursors copy their rows by scimdb_iter_next_many; the code of an error comes with the call.
        declared.removeAll(List.of("scimdb_iter_next", "scimdb_error_code"));
        declared.removeIf(name -> sources.indexOf("\"" + name + "\"") >= 0
                || name.startsWith("scimdb_error_") && sources.indexOf("\"" + name.substring(13) + "\"") >= 0);
        assertEquals(new TreeSet<>(), declared);
    }

    @Test
    void optionsAreValues() {
        StoreOptions options = StoreOptions.defaults().cacheBytes(1).holder("a \"holder\"\n");
        assertEquals("{\"cacheBytes\":1,\"holder\":\"a \\\"holder\\\"\\n\"}", options.toJson());
        assertEquals(options, StoreOptions.ofJson(" { \"cacheBytes\" : 1 , \"holder\":\"a \\\"holder\\\"\\n\" } "));
        assertEquals("{}", StoreOptions.defaults().toJson());
        assertEquals("{\"attributes\":[\"a\",\"b\"]}", ReadOptions.defaults().attributes("x").attributes("a", "b").toJson());
        for (String wrong : new String[] {"", "[]", "{\"a\":1", "{\"a\"}", "{1:2}", "{\"a\":1} x", "{\"a\":\"b}"}) {
            assertThrows(IllegalArgumentException.class, () -> StoreOptions.ofJson(wrong), wrong);
        }
    }

    @Test
    void theLogIsTakenAndGivenBack() throws InterruptedException {
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Scimdb.setLog(Level.TRACE, (level, line) -> {
            lines.add(level + " " + line);
            throw new IllegalStateException("a listener that fails is called again");
        });
        try (Store store = Store.openInMemory(); Server server = store.serve(ServeOptions.defaults())) {
            assertNotNull(server.url());
            assertNotNull(lines.poll(60, TimeUnit.SECONDS));
        }
        Scimdb.setLog(System.getLogger("org.scimdb.tests"));
        Scimdb.setLog(Level.OFF, (level, line) -> { });
        Scimdb.unsetLog();
    }
}
