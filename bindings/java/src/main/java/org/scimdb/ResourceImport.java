package org.scimdb;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * An import of resources, as NDJSON: {@link Tenant#openImport}.
 *
 * <p>Rows are stored in batches while they come. One that is closed before {@link #finish} gives up what is not stored yet.
 */
public final class ResourceImport implements AutoCloseable {
    /** Bytes that are given to the library at a time. */
    static final int CHUNK = 64 * 1024;

    private final MemorySegment handle;
    private final Cleaner.Cleanable freed;

    ResourceImport(MemorySegment handle) {
        this.handle = handle;
        this.freed = Call.CLEANER.register(this, () -> Native.importFree(handle));
    }

    /** Takes a stream to its end. */
    void feed(InputStream stream) throws IOException {
        byte[] chunk = new byte[CHUNK];
        for (int length = stream.read(chunk); length >= 0; length = stream.read(chunk)) {
            feed(chunk, 0, length);
        }
    }

    /** Takes a part of the NDJSON, in UTF-8, cut anywhere. */
    public void feed(byte[] ndjson) {
        feed(ndjson, 0, ndjson.length);
    }

    /**
     * Takes a part of the NDJSON, in UTF-8, cut anywhere. A row that is wrong is told by the report.
     *
     * @throws ScimdbException {@link ErrorCode#DISK_FULL}, {@link ErrorCode#IO}, {@link ErrorCode#MISUSE} when it is over
     */
    public void feed(byte[] ndjson, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, ndjson.length);
        try (Call call = Call.begin()) {
            call.check(Native.importFeed(handle, call.bytes(ndjson, offset, length), call.error));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Takes what is left in a buffer; a direct one is read in its place. */
    public void feed(ByteBuffer ndjson) {
        if (!ndjson.isDirect()) {
            byte[] bytes = new byte[ndjson.remaining()];
            ndjson.get(bytes);
            feed(bytes);
            return;
        }
        try (Call call = Call.begin()) {
            call.check(Native.importFeed(handle, MemorySegment.ofBuffer(ndjson), call.error));
            ndjson.position(ndjson.limit());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Ends it: stores what is left, and tells what became of the rows.
     *
     * @throws ScimdbException {@link ErrorCode#DISK_FULL}, {@link ErrorCode#IO}, {@link ErrorCode#MISUSE} when it is over
     */
    public ImportReport finish() {
        return ImportReport.read(end());
    }

    /** Ends it; the library's answer. */
    String end() {
        try (Call call = Call.begin()) {
            call.check(Native.importFinish(handle, call.buffer, call.error));
            return call.result();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Ends it; after {@link #finish} this does nothing more. */
    @Override
    public void close() {
        freed.clean();
    }
}
