package org.scimdb;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Everything that a search found, one resource at a time: {@link Tenant#iterate(String, String)}.
 *
 * <p>It keeps the store as it was, and so the space of what is deleted meanwhile, until it is closed. It can be gone through once.
 * Several threads may share it: each resource is given to one of them.
 *
 * {@snippet lang = java :
 * try (ResourceCursor users = tenant.iterate("User", SearchRequest.of("active eq true"))) {
 *     for (String user : users) {
 *         System.out.println(user);
 *     }
 * }
 * }
 */
public final class ResourceCursor implements Iterable<String>, AutoCloseable {
    private static final int DONE = 100;

    private final MemorySegment handle;
    private final Cleaner.Cleanable freed;
    private boolean begun;

    ResourceCursor(MemorySegment handle) {
        this.handle = handle;
        // One that is forgotten must not keep its snapshot for ever.
        this.freed = Call.CLEANER.register(this, () -> Native.cursorFree(handle));
    }

    /**
     * The next resource, as JSON; null when there is none left.
     *
     * @throws ScimdbException {@link ErrorCode#CANCELLED} after {@link Store#interrupt}, {@link ErrorCode#MISUSE} when it or the
     *     store is closed
     */
    public synchronized String next() {
        // Rows are copied to memory of the call: what scimdb_iter_next shows may go when another thread closes the store.
        try (Call call = Call.begin()) {
            int code = Native.cursorNext(handle, 1, Long.MAX_VALUE, call.buffer, call.error);
            if (code == DONE) {
                return null;
            }
            call.check(code);
            // A line: without its end it is the resource.
            return call.result().stripTrailing();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * The resources that are left.
     *
     * @throws IllegalStateException when it was called before
     */
    @Override
    public Iterator<String> iterator() {
        if (begun) {
            throw new IllegalStateException("a cursor can be gone through once");
        }
        begun = true;
        return new Iterator<>() {
            private String ahead;
            private boolean ended;

            @Override
            public boolean hasNext() {
                if (ahead == null && !ended) {
                    ahead = ResourceCursor.this.next();
                    ended = ahead == null;
                }
                return ahead != null;
            }

            @Override
            public String next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                String resource = ahead;
                ahead = null;
                return resource;
            }
        };
    }

    @Override
    public Spliterator<String> spliterator() {
        return Spliterators.spliteratorUnknownSize(iterator(), Spliterator.ORDERED | Spliterator.NONNULL);
    }

    /** The resources that are left, as a stream; closing it closes the cursor. */
    public Stream<String> stream() {
        return StreamSupport.stream(spliterator(), false).onClose(this::close);
    }

    /** Ends it. Closing it again does nothing. */
    @Override
    public synchronized void close() {
        freed.clean();
    }
}
