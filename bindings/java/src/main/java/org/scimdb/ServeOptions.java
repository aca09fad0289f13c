package org.scimdb;

import java.nio.file.Path;
import java.util.Map;

/** How {@link Store#serve} serves. {@link #option} sets the other settings of the command line's {@code serve}, in camelCase. */
public final class ServeOptions extends Options<ServeOptions> {
    private static final ServeOptions NONE = new ServeOptions(Map.of());

    private ServeOptions(Map<String, String> members) {
        super(members);
    }

    @Override
    ServeOptions of(Map<String, String> members) {
        return new ServeOptions(members);
    }

    /** No option set: the defaults. */
    public static ServeOptions defaults() {
        return NONE;
    }

    /**
     * Options from the JSON object that the C interface takes.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static ServeOptions ofJson(String json) {
        return new ServeOptions(read(json));
    }

    /** The address and port to listen on. Default {@code 127.0.0.1:0}, a free port. */
    public ServeOptions address(String address) {
        return text("address", address);
    }

    /** Whether every request needs a bearer token of the store. Default true. */
    public ServeOptions requireTokens(boolean require) {
        return flag("requireTokens", require);
    }

    /** Serves TLS with this certificate and key, two PEM files. */
    public ServeOptions tls(Path certificate, Path key) {
        return text("tlsCertificate", certificate.toString()).text("tlsKey", key.toString());
    }

    /** The URL that clients know, for {@code meta.location}. */
    public ServeOptions publicUrl(String url) {
        return text("publicUrl", url);
    }

    /** Bytes of a body at most; a longer one is answered 413. */
    public ServeOptions maxBodyBytes(long bytes) {
        return number("maxBodyBytes", bytes);
    }
}
