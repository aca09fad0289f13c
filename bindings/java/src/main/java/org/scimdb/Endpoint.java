package org.scimdb;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** Gives a request to the SCIM endpoint. */
final class Endpoint {
    private static final byte[] NOTHING = new byte[0];

    private Endpoint() {}

    static Response handle(Store store, MemorySegment tenant, String method, String target,
            Map<String, ? extends List<String>> headers, byte[] body, RequestContext context) {
        byte[] sent = body == null ? NOTHING : body;
        try (Call call = Call.begin()) {
            call.check(Native.handle(store.handle, tenant, call.text(method), call.text(target), call.text(pairs(headers)),
                    call.bytes(sent, 0, sent.length), call.text(context), call.out, call.buffer, call.secondBuffer,
                    call.error));
            Map<String, String> answered = new LinkedHashMap<>();
            Json.members(call.result()).forEach((name, value) -> answered.put(name, Json.string(value)));
            return new Response(call.outInt(), answered, call.resultBytes(call.secondBuffer));
        }
    }

    /** The headers as an array of pairs: one that was sent twice stays two. */
    private static String pairs(Map<String, ? extends List<String>> headers) {
        StringJoiner pairs = new StringJoiner(",", "[", "]");
        headers.forEach((name, values) -> values.forEach(value -> pairs.add(Json.array(List.of(name, value)))));
        return pairs.toString();
    }
}
