package org.scimdb;

import java.util.HashMap;
import java.util.Map;

/** What can go wrong: the errors of the library, by their stable names. */
public enum ErrorCode {
    /** The filter cannot be parsed or bound (RFC 7644 section 3.4.2.2). */
    INVALID_FILTER(1, Fault.CALLER),
    /** The body is not what the request needs (RFC 7644 table 9). */
    INVALID_SYNTAX(2, Fault.CALLER),
    /** A PATCH or projection path names no attribute. */
    INVALID_PATH(3, Fault.CALLER),
    /** A value is missing, of the wrong type, or breaks a rule of the schema. */
    INVALID_VALUE(4, Fault.CALLER),
    /** A PATCH path with a filter selects nothing. */
    NO_TARGET(5, Fault.CALLER),
    /** A readOnly or immutable attribute would change. */
    MUTABILITY(6, Fault.CALLER),
    /** A unique value is taken. */
    UNIQUENESS(7, Fault.CALLER),
    /** The answer would be larger than the server is willing to make. */
    TOO_MANY(8, Fault.CALLER),
    /** The protocol version is not supported. */
    INVALID_VERSION(9, Fault.CALLER),
    /** The request may not travel in a URL (RFC 7644 section 7.5.2). */
    SENSITIVE(10, Fault.CALLER),
    /** The cursor is not one of ours, or not for this request (RFC 9865). */
    INVALID_CURSOR(11, Fault.CALLER),
    /** The cursor has expired (RFC 9865). */
    EXPIRED_CURSOR(12, Fault.CALLER),
    /** The count does not fit the cursor (RFC 9865). */
    INVALID_COUNT(13, Fault.CALLER),
    /** An argument outside the SCIM message is wrong: an option, a name, a setting. */
    INVALID_ARGUMENT(14, Fault.CALLER),
    /** No such resource. */
    NOT_FOUND(20, Fault.CALLER),
    /** No such tenant. */
    UNKNOWN_TENANT(21, Fault.CALLER),
    /** No such resource type or schema. */
    UNKNOWN_TYPE(22, Fault.CALLER),
    /** It exists already: a tenant, or a token's name. (An id that is taken is {@link #UNIQUENESS}.) */
    ALREADY_EXISTS(23, Fault.CALLER),
    /** The resource's version is not the one the caller named (RFC 7644 section 3.14). */
    VERSION_MISMATCH(24, Fault.CALLER),
    /** The resource still has the version the caller named (RFC 7644 section 3.14). */
    NOT_MODIFIED(25, Fault.CALLER),
    /** No credentials, or wrong ones. */
    UNAUTHENTICATED(26, Fault.CALLER),
    /** The credentials do not allow it. */
    FORBIDDEN(27, Fault.CALLER),
    /** The request is larger than the limit. */
    PAYLOAD_TOO_LARGE(28, Fault.CALLER),
    /** Data in use stands in the way: a schema change that stored resources contradict. */
    IN_USE(29, Fault.CALLER),
    /** The store does not do this. */
    NOT_IMPLEMENTED(30, Fault.CALLER),
    /** The change log does not reach there: read everything again, and go on from now. */
    OUT_OF_RANGE(31, Fault.CALLER),
    /** The resource does not have this method. */
    METHOD_NOT_ALLOWED(32, Fault.CALLER),
    /** The body is of a media type or in an encoding that the store does not read. */
    UNSUPPORTED_MEDIA_TYPE(33, Fault.CALLER),
    /** The caller sends more requests than it may. */
    TOO_MANY_REQUESTS(34, Fault.CALLER),
    /** The call itself is wrong: something closed is used, or used where it may not be. */
    MISUSE(35, Fault.CALLER),
    /** Another process or handle holds the store. */
    LOCKED(40, Fault.ENVIRONMENT),
    /** The store is closed, closing, or recovering from an I/O error. */
    UNAVAILABLE(41, Fault.ENVIRONMENT),
    /** Reading or writing failed. */
    IO(42, Fault.ENVIRONMENT),
    /** The disk is full. */
    DISK_FULL(43, Fault.ENVIRONMENT),
    /** The store was written in a format that this version does not know. */
    UNKNOWN_FORMAT(44, Fault.ENVIRONMENT),
    /** The caller went away. */
    CANCELLED(45, Fault.ENVIRONMENT),
    /** The deadline that the caller set, or the longest that the server allows, passed before the answer was ready. */
    DEADLINE_EXCEEDED(46, Fault.ENVIRONMENT),
    /** Stored data is damaged. */
    CORRUPT(60, Fault.STORE),
    /** A bug. */
    INTERNAL(61, Fault.STORE),
    /** A bug ended the call; the store answers {@link #POISONED} from now on. */
    PANIC(62, Fault.STORE),
    /** A bug ended an earlier call: close the store, and open it again. */
    POISONED(63, Fault.STORE),
    /** An error that this package does not know yet: {@link ScimdbException#code()} and {@link ScimdbException#name()} tell it. */
    OTHER(-1, Fault.STORE);

    /** Whose fault an error is. */
    public enum Fault {
        /** The request is wrong; the same request fails again. */
        CALLER,
        /** The machine or its configuration: a full disk, a lock that is held, a store that is closing. */
        ENVIRONMENT,
        /** The store itself: a bug, or damaged data. */
        STORE
    }

    private static final Map<Integer, ErrorCode> BY_NUMBER = new HashMap<>();

    static {
        for (ErrorCode code : values()) {
            BY_NUMBER.put(code.number, code);
        }
    }

    private final int number;
    private final Fault fault;

    ErrorCode(int number, Fault fault) {
        this.number = number;
        this.fault = fault;
    }

    /** The number; never used for another error. */
    public int number() {
        return number;
    }

    /** Whose fault it is. */
    public Fault fault() {
        return fault;
    }

    static ErrorCode of(int number) {
        return BY_NUMBER.getOrDefault(number, OTHER);
    }
}
