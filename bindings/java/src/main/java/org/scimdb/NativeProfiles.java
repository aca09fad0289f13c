package org.scimdb;

import static org.scimdb.Native.function;
import static org.scimdb.Native.unexpected;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The functions of the C library for what profiles bring: repositories of the host, queued imports, erasure, encrypted values.
 * They are as those of {@link Native}.
 */
final class NativeProfiles {
    private static final MethodHandle SET_REPOSITORIES = function("scimdb_set_repositories", "ppppp");
    private static final MethodHandle FOUND_ADD = function("scimdb_found_add", "pt");
    private static final MethodHandle FOUND_FAIL = function("scimdb_found_fail", "pit");
    private static final MethodHandle JOB_GET = function("scimdb_job_get", "ptttpp");
    private static final MethodHandle JOB_LIST = function("scimdb_job_list", "ptpp");
    private static final MethodHandle FORGET = function("scimdb_forget", "pttttpp");
    private static final MethodHandle PROFILE_CHECK = function("scimdb_profile_check", "pttpp");
    private static final MethodHandle VALUE_KEYS_ROTATE = function("scimdb_value_keys_rotate", "ppp");

    private NativeProfiles() {}

    static int setRepositories(MemorySegment store, MemorySegment search, MemorySegment userdata, MemorySegment drop,
            MemorySegment error) {
        try {
            return (int) SET_REPOSITORIES.invokeExact(store, search, userdata, drop, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int foundAdd(MemorySegment found, MemorySegment resource) {
        try {
            return (int) FOUND_ADD.invokeExact(found, resource, resource.byteSize());
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int foundFail(MemorySegment found, int status, MemorySegment detail) {
        try {
            return (int) FOUND_FAIL.invokeExact(found, status, detail, detail.byteSize());
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int jobGet(MemorySegment store, MemorySegment tenant, MemorySegment correlationId, MemorySegment options,
            MemorySegment out, MemorySegment error) {
        try {
            return (int) JOB_GET.invokeExact(store, tenant, tenant.byteSize(), correlationId, correlationId.byteSize(),
                    options, options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int jobList(MemorySegment store, MemorySegment tenant, MemorySegment out, MemorySegment error) {
        try {
            return (int) JOB_LIST.invokeExact(store, tenant, tenant.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int forget(MemorySegment store, MemorySegment tenant, MemorySegment type, MemorySegment externalId,
            MemorySegment options, MemorySegment out, MemorySegment error) {
        try {
            return (int) FORGET.invokeExact(store, tenant, tenant.byteSize(), type, type.byteSize(), externalId,
                    externalId.byteSize(), options, options.byteSize(), out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int profileCheck(MemorySegment store, MemorySegment tenant, MemorySegment profile, MemorySegment out,
            MemorySegment error) {
        try {
            return (int) PROFILE_CHECK.invokeExact(store, tenant, tenant.byteSize(), profile, profile.byteSize(), out,
                    error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int valueKeysRotate(MemorySegment store, MemorySegment out, MemorySegment error) {
        try {
            return (int) VALUE_KEYS_ROTATE.invokeExact(store, out, error);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }
}
