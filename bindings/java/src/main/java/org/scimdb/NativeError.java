package org.scimdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Reads an error that the library made. */
final class NativeError {
    private static final MethodHandle STATUS = accessor("status", JAVA_INT);
    private static final MethodHandle NAME = accessor("name", ADDRESS);
    private static final MethodHandle SCIM_TYPE = accessor("scim_type", ADDRESS);
    private static final MethodHandle DETAIL = accessor("detail", ADDRESS);
    private static final MethodHandle ATTRIBUTE = accessor("attribute", ADDRESS);
    private static final MethodHandle OFFSET = accessor("offset", JAVA_LONG);
    private static final MethodHandle IS_RETRIABLE = accessor("is_retriable", JAVA_INT);
    private static final MethodHandle JSON = accessor("json", ADDRESS);
    private static final MethodHandle FREE = Native.link("scimdb_error_free", FunctionDescriptor.ofVoid(ADDRESS));

    private NativeError() {}

    private static MethodHandle accessor(String field, ValueLayout result) {
        return Native.link("scimdb_error_" + field, FunctionDescriptor.of(result, ADDRESS));
    }

    /** The exception that tells what the error does; frees the error. */
    static ScimdbException take(int code, MemorySegment error, Throwable cause) {
        try {
            try {
                long offset = (long) OFFSET.invokeExact(error);
                return new ScimdbException(code, text(NAME, error), (int) STATUS.invokeExact(error),
                        text(SCIM_TYPE, error), text(DETAIL, error), text(ATTRIBUTE, error),
                        offset < 0 ? null : offset, (int) IS_RETRIABLE.invokeExact(error) != 0, text(JSON, error), cause);
            } finally {
                FREE.invokeExact(error);
            }
        } catch (Throwable failure) {
            throw Native.unexpected(failure);
        }
    }

    private static String text(MethodHandle field, MemorySegment error) throws Throwable {
        MemorySegment text = (MemorySegment) field.invokeExact(error);
        return text.equals(MemorySegment.NULL) ? null : text.reinterpret(Long.MAX_VALUE).getString(0);
    }
}
