package org.scimdb;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/** A listener's place: {@link Store#onChange}. */
public final class Subscription implements AutoCloseable {
    private final MemorySegment handle;
    private final AtomicBoolean closed = new AtomicBoolean();

    Subscription(MemorySegment handle) {
        this.handle = handle;
    }

    /** Ends it: once this returns, the listener is not called any more. Closing it again does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            Native.subscriptionFree(handle);
        }
    }
}
