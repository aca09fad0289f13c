package org.scimdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;

/**
 * One call of the library: the memory for its texts and answers, and what becomes of its failure.
 *
 * <p>A platform thread keeps its memory from call to call, so that a call costs no allocation outside the heap. A virtual
 * thread, and a call that is made within another's hook, get memory that goes with the call.
 */
final class Call implements AutoCloseable {
    /** What is freed when its owner is gone: threads, cursors. */
    static final Cleaner CLEANER = Cleaner.create();

    private static final ThreadLocal<Current> CURRENT = ThreadLocal.withInitial(Current::new);

    private static final long BLOCK = 8 * 1024;
    /** An answer beyond this is not kept for the next call. */
    private static final long KEPT_ANSWER = 1024 * 1024;

    // The block: what the library writes comes first, then texts.
    private static final long ERROR = 0;
    private static final long OUT = 8;
    private static final long BUFFER = 16;
    private static final long SECOND_BUFFER = 40;
    private static final long TEXTS = 64;
    private static final long BUFFER_SIZE = 24;

    /** Where the library puts an error. */
    final MemorySegment error;
    /** Where it puts a handle, a pointer or a number. */
    final MemorySegment out;
    /** Where it puts a text. */
    final MemorySegment buffer;
    /** Where it puts the second of two. */
    final MemorySegment secondBuffer;

    private final MemorySegment block;
    private final Current current;
    /** None: the memory is the thread's. */
    private final Arena own;
    /** For texts that the block has no room for. */
    private Arena large;
    private long used;
    private boolean busy;
    private Call outer;
    private Throwable failure;

    /** What a thread is about. */
    private static final class Current {
        private Call kept;
        private Call running;
    }

    private Call(Current current, Arena own, MemorySegment block) {
        this.current = current;
        this.own = own;
        this.block = block;
        this.error = block.asSlice(ERROR, 8);
        this.out = block.asSlice(OUT, 8);
        this.buffer = block.asSlice(BUFFER, BUFFER_SIZE);
        this.secondBuffer = block.asSlice(SECOND_BUFFER, BUFFER_SIZE);
    }

    /** Begins a call; it ends with {@link #close}. */
    static Call begin() {
        Current current = CURRENT.get();
        Call call = current.kept;
        if (call == null || call.busy) {
            call = make(current, call == null);
        }
        call.busy = true;
        call.used = TEXTS;
        call.failure = null;
        call.outer = current.running;
        current.running = call;
        call.block.set(ADDRESS, ERROR, MemorySegment.NULL);
        return call;
    }

    private static Call make(Current current, boolean first) {
        if (!first || Thread.currentThread().isVirtual()) {
            Arena arena = Arena.ofConfined();
            return new Call(current, arena, arena.allocate(BLOCK, 8));
        }
        MemorySegment block = Arena.ofAuto().allocate(BLOCK, 8);
        Call call = new Call(current, null, block);
        current.kept = call;
        // The library's own memory, which Java cannot know of, goes when the thread is gone.
        CLEANER.register(call, () -> freeBuffers(block));
        return call;
    }

    /** Remembers what a hook threw while the innermost call of this thread was running. */
    static void failed(Throwable failure) {
        Call running = CURRENT.get().running;
        if (running != null) {
            running.failure = failure;
        }
    }

    @Override
    public void close() {
        current.running = outer;
        outer = null;
        busy = false;
        if (large != null) {
            large.close();
            large = null;
        }
        if (own != null) {
            freeBuffers(block);
            own.close();
        }
    }

    /**
     * A text for the library; absent if it is null.
     *
     * @throws IllegalArgumentException for half a surrogate pair, which is no Unicode text
     */
    MemorySegment text(String text) {
        if (text == null) {
            return MemorySegment.NULL;
        }
        byte[] bytes = utf8(text);
        return bytes(bytes, 0, bytes.length);
    }

    /**
     * The bytes of a text.
     *
     * @throws IllegalArgumentException for half a surrogate pair, which is no Unicode text
     */
    static byte[] utf8(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        // What is no ASCII is looked at closely: Java writes a question mark for half a surrogate pair.
        if (bytes.length != text.length() || !text.equals(new String(bytes, StandardCharsets.ISO_8859_1))) {
            checkPairs(text);
        }
        return bytes;
    }

    /** Options for the library; absent if they are null, or name nothing. */
    MemorySegment text(Options<?> options) {
        return options == null || options.isEmpty() ? MemorySegment.NULL : text(options.toJson());
    }

    MemorySegment bytes(byte[] bytes, int offset, int length) {
        MemorySegment target;
        if (length <= block.byteSize() - used) {
            target = block.asSlice(used, length);
            used += length;
        } else {
            if (large == null) {
                large = Arena.ofConfined();
            }
            target = large.allocate(length);
        }
        MemorySegment.copy(bytes, offset, target, JAVA_BYTE, 0, length);
        return target;
    }

    /** Sees to it that what is stored is the caller's text. */
    private static void checkPairs(String text) {
        for (int at = 0; at < text.length(); at++) {
            char unit = text.charAt(at);
            if (!Character.isSurrogate(unit)) {
                continue;
            }
            boolean whole = Character.isHighSurrogate(unit) && at + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(at + 1));
            if (!whole) {
                throw new IllegalArgumentException("half a surrogate pair at " + at + ": no Unicode text");
            }
            at++;
        }
    }

    /**
     * Goes on if the code is 0.
     *
     * @throws ScimdbException if it is an error's
     */
    void check(int code) {
        if (code != 0) {
            MemorySegment told = block.get(ADDRESS, ERROR);
            throw ScimdbException.take(code, told, failure);
        }
    }

    /** The text that the library answered with. */
    String result() {
        return new String(resultBytes(buffer), StandardCharsets.UTF_8);
    }

    /** The bytes of one of the two buffers. */
    byte[] resultBytes(MemorySegment from) {
        byte[] bytes = from.get(ADDRESS, 0).reinterpret(from.get(JAVA_LONG, 8)).toArray(JAVA_BYTE);
        if (from.get(JAVA_LONG, 16) > KEPT_ANSWER) {
            Native.bufferFree(from);
        }
        return bytes;
    }

    MemorySegment outPointer() {
        return out.get(ADDRESS, 0);
    }

    int outInt() {
        return out.get(JAVA_INT, 0);
    }

    private static void freeBuffers(MemorySegment block) {
        Native.bufferFree(block.asSlice(BUFFER, BUFFER_SIZE));
        Native.bufferFree(block.asSlice(SECOND_BUFFER, BUFFER_SIZE));
    }
}
