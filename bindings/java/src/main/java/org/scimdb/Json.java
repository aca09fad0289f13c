package org.scimdb;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * As much JSON (RFC 8259) as options and the library's small answers need: writes texts and lists, and takes an object or an
 * array apart without reading what is inside. Resources are the host's to read, with a library of its choice.
 */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** A JSON string. */
    static String quote(String value) {
        StringBuilder quoted = new StringBuilder(value.length() + 2).append('"');
        for (int i = 0; i < value.length(); i++) {
            char unit = value.charAt(i);
            switch (unit) {
                case '"', '\\' -> quoted.append('\\').append(unit);
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (unit < ' ') {
                        quoted.append(String.format("\\u%04x", (int) unit));
                    } else {
                        quoted.append(unit);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }

    /** A JSON array of strings. */
    static String array(Collection<String> values) {
        return "[" + String.join(",", values.stream().map(Json::quote).toList()) + "]";
    }

    /** A JSON object of members that are JSON already. */
    static String object(Map<String, String> members) {
        StringBuilder object = new StringBuilder("{");
        members.forEach((name, value) -> {
            object.append(object.length() == 1 ? "" : ",").append(quote(name)).append(':').append(value);
        });
        return object.append('}').toString();
    }

    /**
     * The members of a JSON object, each as its JSON text.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Map<String, String> members(String json) {
        Json reader = new Json(json);
        Map<String, String> members = new LinkedHashMap<>();
        reader.expect('{');
        if (!reader.skips('}')) {
            do {
                String name = string(reader.value());
                reader.expect(':');
                members.put(name, reader.value());
            } while (reader.skips(','));
            reader.expect('}');
        }
        reader.end();
        return members;
    }

    /**
     * The elements of a JSON array, each as its JSON text; none for null, an absent value.
     *
     * @throws IllegalArgumentException if it is none
     */
    static List<String> elements(String json) {
        List<String> elements = new ArrayList<>();
        if (json == null) {
            return elements;
        }
        Json reader = new Json(json);
        reader.expect('[');
        if (!reader.skips(']')) {
            do {
                elements.add(reader.value());
            } while (reader.skips(','));
            reader.expect(']');
        }
        reader.end();
        return elements;
    }

    /**
     * What a JSON string says; null for null, and for an absent value.
     *
     * @throws IllegalArgumentException if it is no string
     */
    static String string(String json) {
        if (json == null || json.equals("null")) {
            return null;
        }
        int end = json.length() - 1;
        if (end < 1 || json.charAt(0) != '"' || json.charAt(end) != '"') {
            throw new IllegalArgumentException("no JSON string: " + json);
        }
        if (json.indexOf('\\') < 0) {
            return json.substring(1, end);
        }
        StringBuilder value = new StringBuilder(json.length());
        for (int i = 1; i < end; i++) {
            char unit = json.charAt(i);
            if (unit != '\\') {
                value.append(unit);
                continue;
            }
            char escape = json.charAt(++i);
            switch (escape) {
                case 'b' -> value.append('\b');
                case 'f' -> value.append('\f');
                case 'n' -> value.append('\n');
                case 'r' -> value.append('\r');
                case 't' -> value.append('\t');
                case 'u' -> {
                    value.append((char) Integer.parseInt(json, i + 1, i + 5, 16));
                    i += 4;
                }
                default -> value.append(escape);
            }
        }
        return value.toString();
    }

    /** What a JSON number says; 0 for an absent value. */
    static long number(String json) {
        return json == null || json.equals("null") ? 0 : Long.parseLong(json);
    }

    /** The JSON text of the value that stands here. */
    private String value() {
        skipBlanks();
        int start = at;
        switch (at < text.length() ? text.charAt(at) : ' ') {
            case '"' -> skipString();
            case '{', '[' -> skipNested();
            default -> {
                while (at < text.length() && ",:]}\" \t\r\n".indexOf(text.charAt(at)) < 0) {
                    at++;
                }
            }
        }
        if (at == start) {
            throw wrong("a value");
        }
        return text.substring(start, at);
    }

    private void skipNested() {
        int depth = 0;
        do {
            if (at >= text.length()) {
                throw wrong("an end");
            }
            switch (text.charAt(at)) {
                case '"' -> {
                    skipString();
                    continue;
                }
                case '{', '[' -> depth++;
                case '}', ']' -> depth--;
                default -> { }
            }
            at++;
        } while (depth > 0);
    }

    private void skipString() {
        for (at++; at < text.length(); at++) {
            switch (text.charAt(at)) {
                case '\\' -> at++;
                case '"' -> {
                    at++;
                    return;
                }
                default -> { }
            }
        }
        throw wrong("a quotation mark");
    }

    private void expect(char mark) {
        if (!skips(mark)) {
            throw wrong("'" + mark + "'");
        }
    }

    private boolean skips(char mark) {
        skipBlanks();
        boolean found = at < text.length() && text.charAt(at) == mark;
        at += found ? 1 : 0;
        return found;
    }

    private void end() {
        skipBlanks();
        if (at < text.length()) {
            throw wrong("the end");
        }
    }

    private void skipBlanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private IllegalArgumentException wrong(String wanted) {
        return new IllegalArgumentException("the JSON is wrong at " + Math.min(at, text.length()) + ": wanted " + wanted);
    }
}
