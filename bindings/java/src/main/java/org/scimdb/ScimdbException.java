package org.scimdb;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * What every function of scimdb throws when it cannot do what it was asked to.
 *
 * <p>{@link #error()} tells what happened, and {@link ErrorCode#fault()} whose fault it is. {@link #json()} is the SCIM error
 * message (RFC 7644 section 3.12) that a client may be given as it is, with the status {@link #status()}.
 */
public final class ScimdbException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final String name;
    private final int status;
    private final String scimType;
    private final String detail;
    private final String attribute;
    private final Long offset;
    private final boolean retriable;
    private final String json;

    ScimdbException(int code, String name, int status, String scimType, String detail, String attribute, Long offset,
            boolean retriable, String json, Throwable cause) {
        super(name + ": " + detail, cause);
        this.code = code;
        this.name = name;
        this.status = status;
        this.scimType = scimType;
        this.detail = detail;
        this.attribute = attribute;
        this.offset = offset;
        this.retriable = retriable;
        this.json = json;
    }

    /** Makes the exception for a code, of an error that the library may have made for it. */
    static ScimdbException take(int code, MemorySegment error, Throwable cause) {
        if (!error.equals(MemorySegment.NULL)) {
            return NativeError.take(code, error, cause);
        }
        ErrorCode known = ErrorCode.of(code);
        int status = known.fault() == ErrorCode.Fault.CALLER ? 400 : 500;
        String detail = known == ErrorCode.MISUSE ? "the store, or what was opened of it, is closed or in use by this thread"
                : "the library told the code " + code + " alone";
        String json = "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"" + status
                + "\",\"detail\":" + Json.quote(detail) + "}";
        return new ScimdbException(code, known.name(), status, null, detail, null, null, false, json, cause);
    }

    /** The error; {@link ErrorCode#OTHER} for one that is newer than this package. */
    public ErrorCode error() {
        return ErrorCode.of(code);
    }

    /** The number of the error. */
    public int code() {
        return code;
    }

    /** The stable name of the error: {@code INVALID_FILTER}. */
    public String name() {
        return name;
    }

    /** The HTTP status that a SCIM server answers it with (RFC 7644 section 3.12). */
    public int status() {
        return status;
    }

    /** The {@code scimType} (RFC 7644 table 9), or null. */
    public String scimType() {
        return scimType;
    }

    /** What happened, and what can be done about it. */
    public String detail() {
        return detail;
    }

    /** The path of the attribute that it is about, or null. */
    public String attribute() {
        return attribute;
    }

    /** The byte of the filter, path or JSON, in UTF-8, at which it went wrong. */
    public OptionalLong offset() {
        return offset == null ? OptionalLong.empty() : OptionalLong.of(offset);
    }

    /** Whether the same call may succeed later. */
    public boolean isRetriable() {
        return retriable;
    }

    /** The SCIM error message (RFC 7644 section 3.12). */
    public String json() {
        return json;
    }
}
