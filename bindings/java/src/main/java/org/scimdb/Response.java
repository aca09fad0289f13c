package org.scimdb;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The answer to a SCIM request.
 *
 * @param status the HTTP status
 * @param headers the headers, their names in lower case; {@code content-length} only in an answer to {@code HEAD}
 * @param body the body, in UTF-8; empty if there is none
 */
public record Response(int status, Map<String, String> headers, byte[] body) {

    /** The body as text. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
