package org.scimdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;

/**
 * What the library calls. One function of each kind serves all callbacks; the userdata is the number of the one that is meant,
 * so that a late call of one that is gone finds nothing, and harms nothing. No exception may leave these functions: it would
 * end the process.
 */
final class Upcalls {
    /** What hooks are registered as; either may be null. */
    record Hooks(BeforeWrite before, AfterCommit after) {
    }

    static final System.Logger LOGGER = System.getLogger("org.scimdb");

    static final MemorySegment BEFORE_WRITE = stub("beforeWrite",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    static final MemorySegment AFTER_COMMIT = stub("afterCommit", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG));
    static final MemorySegment SEARCH_REPOSITORIES = stub("searchRepositories",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    static final MemorySegment ON_CHANGE = stub("onChange", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
    static final MemorySegment LOG = stub("log", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG));
    static final MemorySegment DROP = stub("drop", FunctionDescriptor.ofVoid(ADDRESS));

    private static final int REFUSED = 1;
    private static final Map<Long, Object> REGISTERED = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();

    private Upcalls() {}

    /** Registers a callback, until the library drops it; its userdata. */
    static MemorySegment register(Object callback) {
        long number = NUMBERS.incrementAndGet();
        REGISTERED.put(number, callback);
        return MemorySegment.ofAddress(number);
    }

    private static <T> T registered(MemorySegment userdata, Class<T> kind) {
        return kind.cast(REGISTERED.get(userdata.address()));
    }

    private static MemorySegment stub(String method, FunctionDescriptor descriptor) {
        try {
            MethodType type = descriptor.toMethodType();
            var handle = MethodHandles.lookup().findStatic(Upcalls.class, method, type);
            return Linker.nativeLinker().upcallStub(handle, descriptor, Arena.global());
        } catch (ReflectiveOperationException wrong) {
            throw new LinkageError(method, wrong);
        }
    }

    private static String text(MemorySegment data, long length) {
        return new String(data.reinterpret(length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    }

    @SuppressWarnings("unused")
    private static int beforeWrite(MemorySegment userdata, MemorySegment write, long length, MemorySegment decision) {
        try {
            Hooks hooks = registered(userdata, Hooks.class);
            if (hooks == null || hooks.before() == null) {
                return 0;
            }
            String attributes = hooks.before().beforeWrite(Write.read(text(write, length)));
            return attributes == null ? 0 : set(decision, attributes);
        } catch (RefusedException refusal) {
            Call.failed(refusal);
            return refuse(decision, refusal.status(), refusal.scimType(), refusal.getMessage());
        } catch (Throwable failure) {
            Call.failed(failure);
            log("a hook before a write failed", failure);
            return refuse(decision, 500, null, "a hook of the host failed");
        }
    }

    private static int set(MemorySegment decision, String attributes) {
        int code;
        try (Call call = Call.begin()) {
            code = Native.decisionSet(decision, call.text(attributes));
        }
        if (code != 0) {
            throw new IllegalArgumentException("what the hook gave is no JSON object of attributes: the code is "
                    + ErrorCode.of(code));
        }
        return 0;
    }

    private static int refuse(MemorySegment decision, int status, String scimType, String detail) {
        try (Call call = Call.begin()) {
            Native.decisionRefuse(decision, status, call.text(scimType), call.text(detail == null ? "" : detail));
        } catch (Throwable failure) {
            // Without a decision the library refuses with an error of its own.
            log("a refusal cannot be told", failure);
        }
        return REFUSED;
    }

    @SuppressWarnings("unused")
    private static void afterCommit(MemorySegment userdata, MemorySegment write, long length) {
        try {
            Hooks hooks = registered(userdata, Hooks.class);
            if (hooks != null && hooks.after() != null) {
                hooks.after().afterCommit(Write.read(text(write, length)));
            }
        } catch (Throwable failure) {
            log("a hook after a commit failed", failure);
        }
    }

    @SuppressWarnings("unused")
    private static int searchRepositories(MemorySegment userdata, MemorySegment query, long length, MemorySegment found) {
        try {
            Repositories repositories = registered(userdata, Repositories.class);
            Iterable<String> resources =
                    repositories == null ? null : repositories.search(RepositoryQuery.read(text(query, length)));
            if (resources != null) {
                for (String resource : resources) {
                    add(found, resource);
                }
            }
            return 0;
        } catch (RefusedException refusal) {
            Call.failed(refusal);
            return fail(found, refusal.status(), refusal.getMessage());
        } catch (Throwable failure) {
            Call.failed(failure);
            log("a search of repositories failed", failure);
            return fail(found, 500, "the host failed to search its repositories");
        }
    }

    private static void add(MemorySegment found, String resource) {
        int code;
        try (Call call = Call.begin()) {
            code = NativeProfiles.foundAdd(found, call.text(Objects.requireNonNull(resource, "resource")));
        }
        if (code != 0) {
            throw new IllegalArgumentException("a resource of a repository cannot be added: the code is " + ErrorCode.of(code));
        }
    }

    private static int fail(MemorySegment found, int status, String detail) {
        try (Call call = Call.begin()) {
            NativeProfiles.foundFail(found, status, call.text(detail == null ? "" : detail));
        } catch (Throwable failure) {
            // Without it the library fails the search with an error of its own.
            log("a refusal cannot be told", failure);
        }
        return REFUSED;
    }

    @SuppressWarnings("unused")
    private static void onChange(MemorySegment userdata, long sequence) {
        try {
            LongConsumer listener = registered(userdata, LongConsumer.class);
            if (listener != null) {
                listener.accept(sequence);
            }
        } catch (Throwable failure) {
            log("a listener for changes failed", failure);
        }
    }

    @SuppressWarnings({"unused", "unchecked"})
    private static void log(MemorySegment userdata, int level, MemorySegment data, long length) {
        try {
            BiConsumer<System.Logger.Level, String> listener = registered(userdata, BiConsumer.class);
            if (listener != null) {
                listener.accept(Scimdb.level(level), text(data, length));
            }
        } catch (Throwable failure) {
            log("a listener for the log failed", failure);
        }
    }

    @SuppressWarnings("unused")
    private static void drop(MemorySegment userdata) {
        REGISTERED.remove(userdata.address());
    }

    private static void log(String what, Throwable failure) {
        try {
            LOGGER.log(System.Logger.Level.ERROR, what, failure);
        } catch (Throwable ignored) {
            // A logger that fails too: there is nobody left to tell, and the process must not end for it.
        }
    }
}
