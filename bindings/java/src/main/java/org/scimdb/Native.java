package org.scimdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * The functions of the C library, one static method for each: what it takes and gives is in scimdb.h. {@link NativeProfiles}
 * has those that profiles bring.
 *
 * <p>A text is a segment, whose size is its length; {@link MemorySegment#NULL} is an absent one. The handles are constants, so
 * that the compiler makes a plain call of each.
 */
final class Native {
    /** The version of the C interface that this package is written for. */
    static final int ABI_VERSION = 1;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBRARY = Library.load();

    private static final MethodHandle OPEN = function("scimdb_open", "ttpp");
    private static final MethodHandle CLOSE = function("scimdb_close", "p");
    private static final MethodHandle INTERRUPT = function("scimdb_interrupt", "p");
    private static final MethodHandle HANDLE = function("scimdb_handle", "pttttttpppp");
    private static final MethodHandle GET = function("scimdb_get", "pttttpp");
    private static final MethodHandle CREATE = function("scimdb_create", "pttttpp");
    private static final MethodHandle REPLACE = function("scimdb_replace", "ptttttpp");
    private static final MethodHandle PATCH = function("scimdb_patch", "ptttttpp");
    private static final MethodHandle DELETE = function("scimdb_delete", "pttttp");
    private static final MethodHandle VERIFY_PASSWORD = function("scimdb_verify_password", "pttttpp");
    private static final MethodHandle SEARCH = function("scimdb_search", "ptttpp");
    private static final MethodHandle EXPLAIN = function("scimdb_explain", "ptttpp");
    private static final MethodHandle CURSOR_OPEN = function("scimdb_iter_open", "ptttpp");
    private static final MethodHandle CURSOR_NEXT = function("scimdb_iter_next_many", "pilpp");
    private static final MethodHandle CURSOR_FREE = procedure("scimdb_iter_free", "p");
    private static final MethodHandle BULK = function("scimdb_bulk", "ptttpp");
    private static final MethodHandle IMPORT_OPEN = function("scimdb_import_open", "pttpp");
    private static final MethodHandle IMPORT_FEED = function("scimdb_import_feed", "ptp");
    private static final MethodHandle IMPORT_FINISH = function("scimdb_import_finish", "ppp");
    private static final MethodHandle IMPORT_FREE = procedure("scimdb_import_free", "p");
    private static final MethodHandle CHANGES = function("scimdb_changes", "ptliipp");
    private static final MethodHandle ON_CHANGE = function("scimdb_on_change", "pppppp");
    private static final MethodHandle SUBSCRIPTION_FREE = procedure("scimdb_subscription_free", "p");
    private static final MethodHandle SET_HOOKS = function("scimdb_set_hooks", "pppppp");
    private static final MethodHandle DECISION_REFUSE = function("scimdb_decision_refuse", "pitt");
    private static final MethodHandle DECISION_SET = function("scimdb_decision_set", "pt");
    private static final MethodHandle SCHEMA_PUT = function("scimdb_schema_put", "pttp");
    private static final MethodHandle SCHEMA_REMOVE = function("scimdb_schema_remove", "pttp");
    private static final MethodHandle SCHEMA_LIST = function("scimdb_schema_list", "ptpp");
    private static final MethodHandle TENANT_CREATE = function("scimdb_tenant_create", "pttp");
    private static final MethodHandle TENANT_CONFIGURE = function("scimdb_tenant_configure", "pttp");
    private static final MethodHandle TENANT_DROP = function("scimdb_tenant_drop", "ptp");
    private static final MethodHandle TENANT_LIST = function("scimdb_tenant_list", "ppp");
    private static final MethodHandle TOKEN_CREATE = function("scimdb_token_create", "ptttpp");
    private static final MethodHandle TOKEN_REGENERATE = function("scimdb_token_regenerate", "pttpp");
    private static final MethodHandle TOKEN_REVOKE = function("scimdb_token_revoke", "pttp");
    private static final MethodHandle TOKEN_LIST = function("scimdb_token_list", "ptpp");
    private static final MethodHandle AUTHENTICATE = function("scimdb_authenticate", "ptpp");
    private static final MethodHandle STATS = function("scimdb_stats", "ppp");
    private static final MethodHandle CHECK = function("scimdb_check", "ppp");
    private static final MethodHandle BACKUP = function("scimdb_backup", "ptp");
    private static final MethodHandle COMPACT = function("scimdb_compact", "pp");
    private static final MethodHandle SET_LOG = function("scimdb_set_log", "pippp");
    private static final MethodHandle SERVE_START = function("scimdb_serve_start", "ptpp");
    private static final MethodHandle SERVE_URL = function("scimdb_serve_url", "ppp");
    private static final MethodHandle SERVE_STOP = function("scimdb_serve_stop", "pip");
    private static final MethodHandle BUFFER_FREE = procedure("scimdb_buf_free", "p");

    static int open(MemorySegment path, MemorySegment options, MemorySegment out, MemorySegment error) {
        try {
            return (int) OPEN.invokeExact(path, path.byteSize(), options, options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int close(MemorySegment store) {
        try {
            return (int) CLOSE.invokeExact(store);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int interrupt(MemorySegment store) {
        try {
            return (int) INTERRUPT.invokeExact(store);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int handle(MemorySegment store, MemorySegment tenant, MemorySegment method, MemorySegment target,
            MemorySegment headers, MemorySegment body, MemorySegment context, MemorySegment status,
            MemorySegment outHeaders, MemorySegment outBody, MemorySegment error) {
        try {
            return (int) HANDLE.invokeExact(store, tenant, tenant.byteSize(), method, method.byteSize(), target,
                    target.byteSize(), headers, headers.byteSize(), body, body.byteSize(), context, context.byteSize(),
                    status, outHeaders, outBody, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int get(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment id,
            MemorySegment options, MemorySegment out, MemorySegment error) {
        try {
            return (int) GET.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), id, id.byteSize(),
                    options, options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int create(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment json,
            MemorySegment options, MemorySegment out, MemorySegment error) {
        try {
            return (int) CREATE.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), json,
                    json.byteSize(), options, options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int replace(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment id,
            MemorySegment json, MemorySegment options, MemorySegment out, MemorySegment error) {
        try {
            return (int) REPLACE.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), id, id.byteSize(),
                    json, json.byteSize(), options, options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int patch(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment id,
            MemorySegment json, MemorySegment options, MemorySegment out, MemorySegment error) {
        try {
            return (int) PATCH.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), id, id.byteSize(),
                    json, json.byteSize(), options, options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int delete(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment id,
            MemorySegment options, MemorySegment error) {
        try {
            return (int) DELETE.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), id, id.byteSize(),
                    options, options.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int verifyPassword(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment id,
            MemorySegment password, MemorySegment matches, MemorySegment error) {
        try {
            return (int) VERIFY_PASSWORD.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), id,
                    id.byteSize(), password, password.byteSize(), matches, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int search(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment request,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) SEARCH.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), request,
                    request.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int explain(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment request,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) EXPLAIN.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), request,
                    request.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int cursorOpen(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment request,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) CURSOR_OPEN.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), request,
                    request.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int cursorNext(MemorySegment cursor, int max, long maxBytes, MemorySegment out, MemorySegment error) {
        try {
            return (int) CURSOR_NEXT.invokeExact(cursor, max, maxBytes, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static void cursorFree(MemorySegment cursor) {
        try {
            CURSOR_FREE.invokeExact(cursor);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int bulk(MemorySegment store, MemorySegment tenant, MemorySegment request, MemorySegment options,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) BULK.invokeExact(store, tenant, tenant.byteSize(), request, request.byteSize(), options,
                    options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int importOpen(MemorySegment store, MemorySegment tenant, MemorySegment options, MemorySegment out,
            MemorySegment error) {
        try {
            return (int) IMPORT_OPEN.invokeExact(store, tenant, tenant.byteSize(), options, options.byteSize(), out,
                    error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int importFeed(MemorySegment rows, MemorySegment bytes, MemorySegment error) {
        try {
            return (int) IMPORT_FEED.invokeExact(rows, bytes, bytes.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int importFinish(MemorySegment rows, MemorySegment out, MemorySegment error) {
        try {
            return (int) IMPORT_FINISH.invokeExact(rows, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static void importFree(MemorySegment rows) {
        try {
            IMPORT_FREE.invokeExact(rows);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int changes(MemorySegment store, MemorySegment tenant, long since, int max, int waitMillis,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) CHANGES.invokeExact(store, tenant, tenant.byteSize(), since, max, waitMillis, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int onChange(MemorySegment store, MemorySegment callback, MemorySegment userdata, MemorySegment drop,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) ON_CHANGE.invokeExact(store, callback, userdata, drop, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static void subscriptionFree(MemorySegment subscription) {
        try {
            SUBSCRIPTION_FREE.invokeExact(subscription);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int setHooks(MemorySegment store, MemorySegment before, MemorySegment after, MemorySegment userdata,
            MemorySegment drop, MemorySegment error) {
        try {
            return (int) SET_HOOKS.invokeExact(store, before, after, userdata, drop, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int decisionRefuse(MemorySegment decision, int status, MemorySegment scimType, MemorySegment detail) {
        try {
            return (int) DECISION_REFUSE.invokeExact(decision, status, scimType, scimType.byteSize(), detail,
                    detail.byteSize());
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int decisionSet(MemorySegment decision, MemorySegment attributes) {
        try {
            return (int) DECISION_SET.invokeExact(decision, attributes, attributes.byteSize());
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int schemaPut(MemorySegment store, MemorySegment tenant, MemorySegment documents, MemorySegment error) {
        try {
            return (int) SCHEMA_PUT.invokeExact(store, tenant, tenant.byteSize(), documents, documents.byteSize(),
                    error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int schemaRemove(MemorySegment store, MemorySegment tenant, MemorySegment name, MemorySegment error) {
        try {
            return (int) SCHEMA_REMOVE.invokeExact(store, tenant, tenant.byteSize(), name, name.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int schemaList(MemorySegment store, MemorySegment tenant, MemorySegment out, MemorySegment error) {
        try {
            return (int) SCHEMA_LIST.invokeExact(store, tenant, tenant.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tenantCreate(MemorySegment store, MemorySegment name, MemorySegment options, MemorySegment error) {
        try {
            return (int) TENANT_CREATE.invokeExact(store, name, name.byteSize(), options, options.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tenantConfigure(MemorySegment store, MemorySegment name, MemorySegment options, MemorySegment error) {
        try {
            return (int) TENANT_CONFIGURE.invokeExact(store, name, name.byteSize(), options, options.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tenantDrop(MemorySegment store, MemorySegment name, MemorySegment error) {
        try {
            return (int) TENANT_DROP.invokeExact(store, name, name.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tenantList(MemorySegment store, MemorySegment out, MemorySegment error) {
        try {
            return (int) TENANT_LIST.invokeExact(store, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tokenCreate(MemorySegment store, MemorySegment tenant, MemorySegment name, MemorySegment options,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) TOKEN_CREATE.invokeExact(store, tenant, tenant.byteSize(), name, name.byteSize(), options,
                    options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tokenRegenerate(MemorySegment store, MemorySegment tenant, MemorySegment name, MemorySegment out,
            MemorySegment error) {
        try {
            return (int) TOKEN_REGENERATE.invokeExact(store, tenant, tenant.byteSize(), name, name.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tokenRevoke(MemorySegment store, MemorySegment tenant, MemorySegment name, MemorySegment error) {
        try {
            return (int) TOKEN_REVOKE.invokeExact(store, tenant, tenant.byteSize(), name, name.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int tokenList(MemorySegment store, MemorySegment tenant, MemorySegment out, MemorySegment error) {
        try {
            return (int) TOKEN_LIST.invokeExact(store, tenant, tenant.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int authenticate(MemorySegment store, MemorySegment secret, MemorySegment out, MemorySegment error) {
        try {
            return (int) AUTHENTICATE.invokeExact(store, secret, secret.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int stats(MemorySegment store, MemorySegment out, MemorySegment error) {
        try {
            return (int) STATS.invokeExact(store, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int check(MemorySegment store, MemorySegment out, MemorySegment error) {
        try {
            return (int) CHECK.invokeExact(store, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int backup(MemorySegment store, MemorySegment path, MemorySegment error) {
        try {
            return (int) BACKUP.invokeExact(store, path, path.byteSize(), error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int compact(MemorySegment store, MemorySegment error) {
        try {
            return (int) COMPACT.invokeExact(store, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int setLog(MemorySegment callback, int level, MemorySegment userdata, MemorySegment drop,
            MemorySegment error) {
        try {
            return (int) SET_LOG.invokeExact(callback, level, userdata, drop, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int serveStart(MemorySegment store, MemorySegment config, MemorySegment out, MemorySegment error) {
        try {
            return (int) SERVE_START.invokeExact(store, config, config.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int serveUrl(MemorySegment server, MemorySegment out, MemorySegment error) {
        try {
            return (int) SERVE_URL.invokeExact(server, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int serveStop(MemorySegment server, int drainMillis, MemorySegment error) {
        try {
            return (int) SERVE_STOP.invokeExact(server, drainMillis, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }


    static void bufferFree(MemorySegment buffer) {
        try {
            BUFFER_FREE.invokeExact(buffer);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    private Native() {}

    /**
     * A function that answers with a code. The letters are its parameters: p a pointer, t a text (a pointer and a length), i a
     * 32-bit and l a 64-bit integer.
     */
    static MethodHandle function(String name, String parameters) {
        return link(name, FunctionDescriptor.of(JAVA_INT, layouts(parameters)));
    }

    private static MethodHandle procedure(String name, String parameters) {
        return link(name, FunctionDescriptor.ofVoid(layouts(parameters)));
    }

    static MethodHandle link(String name, FunctionDescriptor descriptor) {
        MemorySegment address = LIBRARY.find(name)
                .orElseThrow(() -> new UnsatisfiedLinkError("the scimdb library has no function " + name));
        return LINKER.downcallHandle(address, descriptor);
    }

    private static MemoryLayout[] layouts(String parameters) {
        List<MemoryLayout> layouts = new ArrayList<>();
        for (char parameter : parameters.toCharArray()) {
            switch (parameter) {
                case 'p' -> layouts.add(ADDRESS);
                case 't' -> layouts.addAll(List.of(ADDRESS, JAVA_LONG));
                case 'i' -> layouts.add(JAVA_INT);
                case 'l' -> layouts.add(JAVA_LONG);
                default -> throw new IllegalArgumentException(parameters);
            }
        }
        return layouts.toArray(MemoryLayout[]::new);
    }

    /** What a method handle throws is an error of the machine, or a bug here. */
    static RuntimeException unexpected(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException exception) {
            return exception;
        }
        return new IllegalStateException(failure);
    }
}
