package org.scimdb;

/**
 * Thrown by a {@link BeforeWrite} hook or by {@link Repositories}: the write is refused, or the search fails, and its caller gets
 * this SCIM error (RFC 7644 section 3.12).
 */
public class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String scimType;

    /**
     * Refuses with status 400 and the scimType {@code invalidValue}.
     *
     * @param detail what is wrong, for the caller
     */
    public RefusedException(String detail) {
        this(400, "invalidValue", detail);
    }

    /**
     * Refuses with an error of the host's choice.
     *
     * @param status the HTTP status
     * @param scimType the keyword of RFC 7644 table 9, or null
     * @param detail what is wrong, for the caller
     */
    public RefusedException(int status, String scimType, String detail) {
        super(detail);
        this.status = status;
        this.scimType = scimType;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The keyword of RFC 7644 table 9, or null. */
    public String scimType() {
        return scimType;
    }
}
