package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.scimdb.tests.Fixture.create;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.scimdb.ErrorCode;
import org.scimdb.ResourceCursor;
import org.scimdb.ScimdbException;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.Tenant;

/** Many threads, platform and virtual ones. */
class ThreadsTest {
    private static <T> List<T> all(ExecutorService threads, int times, Callable<T> task)
            throws InterruptedException, ExecutionException {
        List<Future<T>> running = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            running.add(threads.submit(task));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> result : running) {
            results.add(result.get());
        }
        return results;
    }

    @Test
    void manyThreadsReadAndWrite() throws Exception {
        try (Store store = Store.openInMemory(); ExecutorService platform = Executors.newFixedThreadPool(8);
                ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            Tenant tenant = store.tenant("default");
            for (ExecutorService threads : List.of(platform, virtual)) {
                all(threads, 200, () -> {
                    String name = "user-" + java.util.UUID.randomUUID();
                    String id = create(tenant, name);
                    assertEquals(name, read(tenant.get("User", id)).get("userName").getAsString());
                    String found = tenant.search("User", SearchRequest.of("userName eq \"" + name + "\""));
                    assertEquals(1, read(found).get("totalResults").getAsInt());
                    assertEquals("nobody", fails(ErrorCode.NOT_FOUND, () -> tenant.get("User", "nobody")).name()
                            .replace("NOT_FOUND", "nobody"));
                    return null;
                });
            }
            try (ResourceCursor users = tenant.iterate("User", SearchRequest.all())) {
                List<Integer> counts = all(platform, 8, () -> {
                    int count = 0;
                    for (String user = users.next(); user != null; user = users.next()) {
                        count += read(user).has("userName") ? 1 : 0;
                    }
                    return count;
                });
                assertEquals(400, counts.stream().mapToInt(Integer::intValue).sum());
            }
        }
    }

    @Test
    void closingWhileOthersReadEndsThemWithMisuse() throws Exception {
        Store store = Store.openInMemory();
        Tenant tenant = store.tenant("default");
        String id = create(tenant, "ann");
        CountDownLatch reading = new CountDownLatch(4);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<ErrorCode>> readers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                readers.add(threads.submit(() -> {
                    reading.countDown();
                    while (true) {
                        try (ResourceCursor users = tenant.iterate("User", SearchRequest.all())) {
                            tenant.get("User", id);
                            users.next();
                        } catch (ScimdbException error) {
                            return error.error();
                        }
                    }
                }));
            }
            reading.await();
            store.close();
            for (Future<ErrorCode> reader : readers) {
                assertTrue(List.of(ErrorCode.MISUSE, ErrorCode.UNAVAILABLE).contains(reader.get()));
            }
        }
    }

    @Test
    void aWaitIsInterrupted() throws Exception {
        try (Store store = Store.openInMemory(); ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Tenant tenant = store.tenant("default");
            long since = tenant.changes(0).last();
            Future<ErrorCode> waiting = threads.submit(
                    () -> fails(ErrorCode.CANCELLED, () -> tenant.changes(since, 1, Duration.ofSeconds(60))).error());
            // The wait may not have begun when the first interruption comes.
            while (!waiting.isDone()) {
                store.interrupt();
                Thread.sleep(10);
            }
            assertEquals(ErrorCode.CANCELLED, waiting.get());
        }
    }
}
