package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;
import static org.scimdb.tests.Fixture.rename;
import static org.scimdb.tests.Fixture.user;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.scimdb.Change;
import org.scimdb.Changes;
import org.scimdb.ErrorCode;
import org.scimdb.ImportOptions;
import org.scimdb.ImportOptions.OnConflict;
import org.scimdb.ImportReport;
import org.scimdb.Operation;
import org.scimdb.ResourceCursor;
import org.scimdb.ResourceImport;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.Subscription;
import org.scimdb.Tenant;
import org.scimdb.WriteOptions;

/** Cursors, imports, and the change feed. */
class StreamsTest {
    private final Store store = Store.openInMemory();
    private final Tenant tenant = store.tenant("default");

    @AfterEach
    void close() {
        store.close();
    }

    private static String names(Iterable<String> resources) {
        List<String> names = new ArrayList<>();
        resources.forEach(resource -> names.add(read(resource).get("userName").getAsString()));
        return String.join(" ", names);
    }

    @Test
    void aCursorGivesWhatWasThere() {
        for (String name : new String[] {"cy", "ann", "bo"}) {
            create(tenant, name);
        }
        try (ResourceCursor users = tenant.iterate("User", SearchRequest.all().sortBy("userName"))) {
            create(tenant, "dee");
            assertEquals("ann bo cy", names(users));
            assertNull(users.next());
            assertThrows(IllegalStateException.class, users::iterator);
        }
        try (Stream<String> users = tenant.iterate(null, SearchRequest.of("userName co \"d\"")).stream()) {
            assertEquals(1, users.count());
        }
    }

    @Test
    void aCursorCanBeGivenUpEarly() {
        tenant.importAll(IntStream.range(0, 500).mapToObj(i -> user("user" + i))::iterator, ImportOptions.defaults());
        ResourceCursor left;
        try (ResourceCursor users = tenant.iterate("User", SearchRequest.all())) {
            Iterator<String> iterator = users.iterator();
            assertTrue(iterator.hasNext() && iterator.hasNext());
            iterator.next();
            left = users;
        }
        fails(ErrorCode.MISUSE, left::next);
        left.close();
        for (int i = 0; i < 200; i++) {
            // Forgotten ones are freed by the collector, at some time.
            tenant.iterate("User", SearchRequest.all()).next();
        }
        ResourceCursor open = tenant.iterate("User", SearchRequest.all());
        store.close();
        fails(ErrorCode.MISUSE, open::next);
        open.close();
    }

    @Test
    void importsTakeChunksCutAnywhere() {
        byte[] ndjson = (user("ann é") + "\n" + user("bo 🦀") + "\n{\"broken\n" + user("ann é")).getBytes(StandardCharsets.UTF_8);
        try (ResourceImport rows = tenant.openImport(ImportOptions.defaults().resourceType("User").actor("a test"))) {
            for (int at = 0; at < ndjson.length; at += 7) {
                if (at % 2 == 0) {
                    rows.feed(ndjson, at, Math.min(7, ndjson.length - at));
                } else {
                    ByteBuffer direct = ByteBuffer.allocateDirect(7).put(ndjson, at, Math.min(7, ndjson.length - at)).flip();
                    rows.feed(direct);
                    assertFalse(direct.hasRemaining());
                }
            }
            ImportReport report = rows.finish();
            assertEquals(List.of(4L, 2L, 2L), List.of(report.read(), report.created(), report.rejected()));
            assertEquals(List.of(3L, 4L), report.rejects().stream().map(ImportReport.Reject::row).toList());
            assertEquals("{\"broken", report.rejects().getFirst().input());
            assertEquals("uniqueness", read(report.rejects().getLast().error()).get("scimType").getAsString());
            fails(ErrorCode.MISUSE, () -> rows.feed(ndjson));
            fails(ErrorCode.MISUSE, rows::finish);
        }
        assertEquals(2, read(tenant.search("User", SearchRequest.all())).get("totalResults").getAsInt());
    }

    @Test
    void importsTakeStreamsAndCollections() throws IOException {
        byte[] ndjson = (user("ann") + "\n" + user("bo")).getBytes(StandardCharsets.UTF_8);
        assertEquals(2, tenant.importFrom(new ByteArrayInputStream(ndjson), ImportOptions.defaults()).created());
        List<String> more = List.of(user("ann"), user("cy").replace(",", ",\r\n"));
        ImportReport report = tenant.importAll(more, ImportOptions.defaults().onConflict(OnConflict.SKIP));
        assertEquals(List.of(1L, 1L, 0L), List.of(report.created(), report.skipped(), report.rejected()));
        try (ResourceImport given = tenant.openImport(ImportOptions.defaults())) {
            given.feed(user("dee").getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(3, read(tenant.search("User", SearchRequest.all())).get("totalResults").getAsInt());
        fails(ErrorCode.INVALID_ARGUMENT, () -> tenant.openImport(ImportOptions.defaults().option("onconflict", "1")));
    }

    @Test
    void changesAreTold() {
        String id = create(tenant, "ann");
        tenant.patch("User", id, rename("Ann"), WriteOptions.defaults().actor("a test"));
        Changes all = tenant.changes(0);
        Change last = all.changes().getLast();
        assertEquals(Operation.CREATE, all.changes().getFirst().operation());
        assertEquals(List.of(Operation.MODIFY, "User", id, "a test", List.of("displayName")),
                List.of(last.operation(), last.resourceType(), last.id(), last.actor(), last.attributes()));
        assertTrue(last.time().isAfter(Instant.EPOCH));
        assertEquals(last.sequence(), all.last());
        assertEquals(List.of(), tenant.changes(all.last()).changes());
        assertEquals(1, tenant.changes(0, 1, Duration.ZERO).changes().size());
        fails(ErrorCode.OUT_OF_RANGE, () -> tenant.changes(all.last() + 1000));
    }

    @Test
    void aWaitEndsWithAChange() throws InterruptedException {
        long since = tenant.changes(0).last();
        Thread writer = Thread.ofVirtual().start(() -> create(tenant, "ann"));
        assertEquals(1, tenant.changes(since, 10, Duration.ofSeconds(60)).changes().size());
        writer.join();
    }

    @Test
    void aListenerIsWokenOnAThreadOfTheLibrary() throws InterruptedException {
        BlockingQueue<Long> woken = new LinkedBlockingQueue<>();
        Thread here = Thread.currentThread();
        Subscription subscription = store.onChange(sequence -> {
            if (Thread.currentThread() != here) {
                woken.add(sequence);
            }
            throw new IllegalStateException("a listener that fails is logged, and called again");
        });
        create(tenant, "ann");
        assertTrue(woken.poll(60, TimeUnit.SECONDS) > 0);
        create(tenant, "bo");
        assertTrue(woken.poll(60, TimeUnit.SECONDS) > 0);
        subscription.close();
        subscription.close();
        woken.clear();
        create(tenant, "cy");
        assertTrue(woken.isEmpty());
    }
}
