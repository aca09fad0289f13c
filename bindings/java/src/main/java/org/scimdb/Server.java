package org.scimdb;

import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** A server over HTTP and gRPC, within this process: {@link Store#serve}. */
public final class Server implements AutoCloseable {
    private static final Duration DRAIN = Duration.ofSeconds(10);

    private final MemorySegment handle;
    private final AtomicBoolean stopped = new AtomicBoolean();

    Server(MemorySegment handle) {
        this.handle = handle;
    }

    /** Where it listens: {@code http://127.0.0.1:41234}. */
    public URI url() {
        try (Call call = Call.begin()) {
            call.check(Native.serveUrl(handle, call.buffer, call.error));
            return URI.create(call.result());
        }
    }

    /**
     * Stops it. Stopping it again does nothing.
     *
     * @param drain how long requests that are under way are waited for
     */
    public void stop(Duration drain) {
        if (stopped.compareAndSet(false, true)) {
            try (Call call = Call.begin()) {
                int millis = Math.clamp(drain.toMillis(), 0, Integer.MAX_VALUE);
                call.check(Native.serveStop(handle, millis, call.error));
            }
        }
    }

    /** Stops it; requests that are under way are waited for up to 10 seconds. */
    @Override
    public void close() {
        stop(DRAIN);
    }
}
