package org.scimdb;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * An import that is to be queued, as one JSON object: {@link Tenant#openQueue}.
 *
 * <p>It goes to the disk while it comes. Of one that is closed before {@link #finish}, or that is wrong anywhere, nothing is
 * left.
 */
public final class QueuedImport implements AutoCloseable {
    private final ResourceImport body;

    QueuedImport(ResourceImport body) {
        this.body = body;
    }

    /** Takes a part of the object, in UTF-8, cut anywhere; see {@link #feed(byte[], int, int)}. */
    public void feed(byte[] json) {
        body.feed(json);
    }

    /**
     * Takes a part of the object, in UTF-8, cut anywhere. What is wrong in it ends the import, by a later call of this or by
     * {@link #finish}.
     *
     * @throws ScimdbException {@link ErrorCode#INVALID_SYNTAX}, {@link ErrorCode#INVALID_VALUE}, {@link ErrorCode#DISK_FULL},
     *     {@link ErrorCode#IO}, {@link ErrorCode#MISUSE} when it is over
     */
    public void feed(byte[] json, int offset, int length) {
        body.feed(json, offset, length);
    }

    /** Takes what is left in a buffer; a direct one is read in its place. */
    public void feed(ByteBuffer json) {
        body.feed(json);
    }

    /** Takes a stream to its end. */
    void feed(InputStream json) throws IOException {
        body.feed(json);
    }

    /**
     * Queues the import: all of it is durable then, and nothing of it may be imported yet.
     *
     * @return the import; {@link Tenant#job} tells how far it is
     * @throws ScimdbException as {@link #feed(byte[], int, int)} does
     */
    public Job finish() {
        return Job.read(body.end());
    }

    /** Gives it up; after {@link #finish} this does nothing more. */
    @Override
    public void close() {
        body.close();
    }
}
