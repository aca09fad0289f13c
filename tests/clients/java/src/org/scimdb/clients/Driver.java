package org.scimdb.clients;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.grpc.StatusRuntimeException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Runs the corpus by grpc-java: {@code cargo test --test drive -- --grpc java -cp … org.scimdb.clients.Driver}.
 *
 * <p>One request a line on standard input, one answer a line on standard output: tests/drive says which. The server is at
 * SCIMDB_ADDRESS, and wants the token SCIMDB_TOKEN.
 */
public final class Driver {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private Driver() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Scim scim = new Scim(System.getenv("SCIMDB_ADDRESS"), System.getenv("SCIMDB_TOKEN"))) {
            Operations operations = new Operations(scim);
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                output.println(GSON.toJson(answer(operations, JsonParser.parseString(line).getAsJsonObject())));
            }
        }
    }

    private static JsonObject answer(Operations operations, JsonObject asked) throws InterruptedException {
        JsonObject answer = new JsonObject();
        try {
            JsonObject told = operations.carryOut(new Asked(asked));
            if (told == null) {
                answer.addProperty("unsupported", true);
            } else {
                answer.add("ok", told);
            }
        } catch (StatusRuntimeException failure) {
            answer.add("error", error(Refusal.of(failure)));
        }
        return answer;
    }

    private static JsonObject error(Refusal refusal) {
        JsonObject error = new JsonObject();
        error.add("code", null);
        error.addProperty("name", refusal.reason());
        error.addProperty("status", refusal.httpStatus());
        error.addProperty("scimType", refusal.scimType());
        error.addProperty("detail", refusal.detail());
        error.addProperty("attribute", refusal.attribute());
        error.addProperty("offset", refusal.offset());
        error.add("retriable", null);
        return error;
    }
}
