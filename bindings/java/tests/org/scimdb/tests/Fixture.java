package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.function.Executable;
import org.scimdb.ErrorCode;
import org.scimdb.ScimdbException;
import org.scimdb.Tenant;

/** What most tests need. */
final class Fixture {
    static final String USER = "urn:ietf:params:scim:schemas:core:2.0:User";
    static final String PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

    private Fixture() {}

    static JsonObject read(String json) {
        return JsonParser.parseString(json).getAsJsonObject();
    }

    static String user(String userName) {
        JsonObject user = read("{\"schemas\":[\"" + USER + "\"],\"active\":true}");
        user.addProperty("userName", userName);
        return user.toString();
    }

    /** Creates a user; its id. */
    static String create(Tenant tenant, String userName) {
        return read(tenant.create("User", user(userName))).get("id").getAsString();
    }

    static String rename(String displayName) {
        return "{\"schemas\":[\"" + PATCH + "\"],\"Operations\":[{\"op\":\"replace\",\"path\":\"displayName\",\"value\":\""
                + displayName + "\"}]}";
    }

    static ScimdbException fails(ErrorCode code, Executable call) {
        ScimdbException error = assertThrows(ScimdbException.class, call);
        assertEquals(code, error.error(), error.getMessage());
        return error;
    }
}
