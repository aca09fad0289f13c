package org.scimdb;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;

/**
 * A store: users, groups, and whatever else is provisioned, in one directory or in memory.
 *
 * <p>A store may be used by any number of threads at once. A process opens it once, and closes it at its end; another process
 * that opens it meanwhile gets {@link ErrorCode#LOCKED}, or shares it ({@link StoreOptions#share}). What is called on a store
 * that is closed throws {@link ErrorCode#MISUSE}. Every method throws {@link ScimdbException} when it fails.
 *
 * {@snippet lang = java :
 * try (Store store = Store.open(Path.of("directory"))) {
 *     Tenant tenant = store.tenant("default");
 *     String ann = tenant.create("User", """
 *             {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@example.com"}""");
 *     String found = tenant.search("User", SearchRequest.of("userName sw \"ann\""));
 * }
 * }
 */
public final class Store implements AutoCloseable {
    final MemorySegment handle;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Store(MemorySegment handle) {
        this.handle = handle;
    }

    /**
     * Opens the store in a directory; makes one where there is none.
     *
     * @throws ScimdbException {@link ErrorCode#LOCKED} when another process holds it, {@link ErrorCode#UNKNOWN_FORMAT},
     *     {@link ErrorCode#CORRUPT}, {@link ErrorCode#IO}
     */
    public static Store open(Path directory) {
        return open(directory, StoreOptions.defaults());
    }

    /**
     * Opens the store in a directory.
     *
     * @throws ScimdbException {@link ErrorCode#LOCKED} when another process holds it, {@link ErrorCode#UNKNOWN_FORMAT},
     *     {@link ErrorCode#CORRUPT}, {@link ErrorCode#IO}, {@link ErrorCode#INVALID_ARGUMENT} for a wrong option
     */
    public static Store open(Path directory, StoreOptions options) {
        return open(directory.toString(), options);
    }

    /** Opens a new store in memory. */
    public static Store openInMemory() {
        return openInMemory(StoreOptions.defaults());
    }

    /** Opens a new store in memory. */
    public static Store openInMemory(StoreOptions options) {
        return open(":memory:", options);
    }

    private static Store open(String path, StoreOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.open(call.text(path), call.text(options), call.out, call.error));
            return new Store(call.outPointer());
        }
    }

    /**
     * Closes the store: calls that are running are waited for ({@link #interrupt} hurries them), new ones are refused, cursors and
     * imports end. Closing it again does nothing.
     *
     * @throws ScimdbException {@link ErrorCode#MISUSE} within a hook of this store
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        int code = Native.close(handle);
        if (code != 0) {
            closed.set(false);
            throw ScimdbException.take(code, MemorySegment.NULL, null);
        }
    }

    /**
     * Ends searches, cursors, explains, checks, and waits for changes and for imports that are running, with
     * {@link ErrorCode#CANCELLED}. Later calls are not touched.
     */
    public void interrupt() {
        int code = Native.interrupt(handle);
        if (code != 0) {
            throw ScimdbException.take(code, MemorySegment.NULL, null);
        }
    }

    /** The tenant {@code default}, which every store has. */
    public Tenant tenant() {
        return tenant("default");
    }

    /** A tenant, which need not exist yet. */
    public Tenant tenant(String name) {
        return new Tenant(this, name);
    }

    /**
     * Sets the hooks of the store, in place of those before. Either may be null; both: no hooks.
     *
     * @param before looks at every write before it is made
     * @param after is told of every write after it is durable
     */
    public void setHooks(BeforeWrite before, AfterCommit after) {
        boolean none = before == null && after == null;
        MemorySegment userdata = none ? MemorySegment.NULL : Upcalls.register(new Upcalls.Hooks(before, after));
        try (Call call = Call.begin()) {
            call.check(Native.setHooks(handle, before == null ? MemorySegment.NULL : Upcalls.BEFORE_WRITE,
                    after == null ? MemorySegment.NULL : Upcalls.AFTER_COMMIT, userdata,
                    none ? MemorySegment.NULL : Upcalls.DROP, call.error));
        }
    }

    /**
     * Sets the repositories of the host, in place of those before; null: none. Where processes share the store, set the same
     * in each: they run in the process that holds it.
     */
    public void setRepositories(Repositories repositories) {
        boolean none = repositories == null;
        MemorySegment userdata = none ? MemorySegment.NULL : Upcalls.register(repositories);
        try (Call call = Call.begin()) {
            call.check(NativeProfiles.setRepositories(handle, none ? MemorySegment.NULL : Upcalls.SEARCH_REPOSITORIES,
                    userdata, none ? MemorySegment.NULL : Upcalls.DROP, call.error));
        }
    }

    /**
     * Wakes a listener after writes, with the newest number of the change log. Several writes may wake it once. It is called on
     * a thread of the library and must not use the store ({@link ErrorCode#MISUSE}): another thread then asks
     * {@link Tenant#changes}.
     */
    public Subscription onChange(LongConsumer listener) {
        MemorySegment userdata = Upcalls.register(Objects.requireNonNull(listener, "listener"));
        try (Call call = Call.begin()) {
            call.check(Native.onChange(handle, Upcalls.ON_CHANGE, userdata, Upcalls.DROP, call.out, call.error));
            return new Subscription(call.outPointer());
        }
    }

    /** Makes a tenant. */
    public Tenant createTenant(String name) {
        return createTenant(name, TenantOptions.defaults());
    }

    /**
     * Makes a tenant.
     *
     * @throws ScimdbException {@link ErrorCode#ALREADY_EXISTS}, {@link ErrorCode#INVALID_ARGUMENT}
     */
    public Tenant createTenant(String name, TenantOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.tenantCreate(handle, call.text(name), call.text(options), call.error));
        }
        return tenant(name);
    }

    /**
     * Changes the settings of a tenant.
     *
     * @throws ScimdbException {@link ErrorCode#UNKNOWN_TENANT}, {@link ErrorCode#INVALID_ARGUMENT}
     */
    public void configureTenant(String name, TenantOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.tenantConfigure(handle, call.text(name), call.text(options), call.error));
        }
    }

    /**
     * Removes a tenant, with all that it has.
     *
     * @throws ScimdbException {@link ErrorCode#UNKNOWN_TENANT}
     */
    public void dropTenant(String name) {
        try (Call call = Call.begin()) {
            call.check(Native.tenantDrop(handle, call.text(name), call.error));
        }
    }

    /** The tenants, by name. */
    public List<TenantInfo> tenants() {
        try (Call call = Call.begin()) {
            call.check(Native.tenantList(handle, call.buffer, call.error));
            return TenantInfo.readAll(call.result());
        }
    }

    /**
     * Whose bearer token it is.
     *
     * @throws ScimdbException {@link ErrorCode#UNAUTHENTICATED}
     */
    public Principal authenticate(String secret) {
        try (Call call = Call.begin()) {
            call.check(Native.authenticate(handle, call.text(secret), call.buffer, call.error));
            return Principal.read(call.result());
        }
    }

    /** Counts and sizes, as JSON. */
    public String stats() {
        try (Call call = Call.begin()) {
            call.check(Native.stats(handle, call.buffer, call.error));
            return call.result();
        }
    }

    /** Reads all that is stored, and tells what is wrong with it, as JSON. */
    public String check() {
        try (Call call = Call.begin()) {
            call.check(Native.check(handle, call.buffer, call.error));
            return call.result();
        }
    }

    /**
     * Writes a copy of the store, as it is now, while others go on writing.
     *
     * @param directory where to; it must not exist
     * @throws ScimdbException {@link ErrorCode#INVALID_ARGUMENT} or {@link ErrorCode#ALREADY_EXISTS}, {@link ErrorCode#IO},
     *     {@link ErrorCode#DISK_FULL}
     */
    public void backup(Path directory) {
        try (Call call = Call.begin()) {
            call.check(Native.backup(handle, call.text(directory.toString()), call.error));
        }
    }

    /** Gives the space of what was deleted back to the disk. */
    public void compact() {
        try (Call call = Call.begin()) {
            call.check(Native.compact(handle, call.error));
        }
    }

    /**
     * Reads the keys of {@link StoreOptions#valueKeysFile} again, and encrypts everything by the first key that is encrypted by
     * another. Afterwards only older backups need the other keys. Others read and write meanwhile; after an error the same
     * call goes on.
     *
     * @return how many resources were encrypted again
     * @throws ScimdbException {@link ErrorCode#INVALID_ARGUMENT} when the store was opened without keys
     */
    public long rotateValueKeys() {
        try (Call call = Call.begin()) {
            call.check(NativeProfiles.valueKeysRotate(handle, call.buffer, call.error));
            return Json.number(Json.members(call.result()).get("rewritten"));
        }
    }

    /**
     * Serves the store over HTTP and gRPC, on threads of the library.
     *
     * @throws ScimdbException {@link ErrorCode#NOT_IMPLEMENTED} when the library is built without the server,
     *     {@link ErrorCode#INVALID_ARGUMENT} for a wrong option, {@link ErrorCode#IO} when the address is taken
     */
    public Server serve(ServeOptions options) {
        try (Call call = Call.begin()) {
            call.check(Native.serveStart(handle, call.text(options), call.out, call.error));
            return new Server(call.outPointer());
        }
    }
}
