import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.scimdb.ImportOptions;
import org.scimdb.ImportReport;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.Tenant;

/** Times gets and searches of imported users: {@code java Bench USERS.ndjson} prints a line of JSON. */
public final class Bench {
    private static final int BATCH = 500;
    private static final int GETS = 100_000;
    private static final int SEARCHES = 20_000;

    /** Keeps the compiler from leaving calls out whose answers nobody reads. */
    private static long read;

    private Bench() {}

    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0]);
        try (Store store = Store.openInMemory(); InputStream rows = Files.newInputStream(file)) {
            Tenant tenant = store.tenant();
            ImportReport report = tenant.importFrom(rows, ImportOptions.defaults().resourceType("User"));
            if (report.rejected() > 0) {
                throw new IllegalArgumentException("rejected: " + report.rejects().getFirst());
            }
            List<String> ids = new ArrayList<>();
            List<SearchRequest> searches = new ArrayList<>();
            for (String row : Files.readAllLines(file)) {
                ids.add(member(row, "id"));
                searches.add(SearchRequest.of("userName eq \"" + member(row, "userName") + "\"").count(1));
            }
            long get = median(GETS, i -> read += tenant.get("User", ids.get(i % ids.size())).length());
            long search = median(SEARCHES,
                    i -> read += tenant.search("User", searches.get(i % searches.size())).length());
            if (read == 0) {
                throw new IllegalStateException("nothing was read");
            }
            System.out.println("{\"language\":\"java\",\"get_ns\":" + get + ",\"search_ns\":" + search + "}");
        }
    }

    private static String member(String row, String name) {
        Matcher member = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"\\\\]*)\"").matcher(row);
        if (!member.find()) {
            throw new IllegalArgumentException("a row without " + name + ": " + row);
        }
        return member.group(1);
    }

    /** The median, over batches, of the nanoseconds of a call, after as many calls to warm up. */
    private static long median(int calls, IntConsumer call) {
        long[] batches = new long[calls / BATCH];
        for (int round = 0; round < 2; round++) {
            for (int batch = 0; batch < batches.length; batch++) {
                long began = System.nanoTime();
                for (int i = 0; i < BATCH; i++) {
                    call.accept(batch * BATCH + i);
                }
                batches[batch] = (System.nanoTime() - began) / BATCH;
            }
        }
        Arrays.sort(batches);
        return batches[batches.length / 2];
    }
}
