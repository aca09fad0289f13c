package org.scimdb.clients;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import scimdb.v1.List.ListRequest;
import scimdb.v1.List.SortOrder;

/** A request of the runner. What is not there reads as the empty text, which is what gRPC takes for nothing. */
record Asked(JsonObject json) {
    String text(String name) {
        return text(json, name);
    }

    long number(String name) {
        return json.get(name).getAsLong();
    }

    String option(String name) {
        return text(options(), name);
    }

    List<String> optionTexts(String name) {
        return texts(options(), name);
    }

    JsonObject options() {
        return json.getAsJsonObject("options");
    }

    List<String> texts(String name) {
        return texts(json, name);
    }

    /** The profile of the options: a name, or a document as text. */
    String profile() {
        JsonElement profile = options().get("profile");
        return profile != null && profile.isJsonObject() ? profile.toString() : option("profile");
    }

    /** The SearchRequest message as gRPC takes it. */
    ListRequest search() {
        JsonObject search = JsonParser.parseString(text("request")).getAsJsonObject();
        ListRequest.Builder request = ListRequest.newBuilder()
                .setTenant(text("tenant"))
                .setResourceType(text("type"))
                .setFilter(text(search, "filter"))
                .setSortBy(text(search, "sortBy"))
                .setSortOrder(
                        text(search, "sortOrder").equals("descending")
                                ? SortOrder.SORT_ORDER_DESCENDING
                                : SortOrder.SORT_ORDER_ASCENDING)
                .addAllAttributes(texts(search, "attributes"))
                .addAllExcludedAttributes(texts(search, "excludedAttributes"));
        if (search.has("startIndex")) {
            request.setStartIndex(search.get("startIndex").getAsLong());
        }
        if (search.has("count")) {
            request.setCount(search.get("count").getAsLong());
        }
        if (search.has("cursor")) {
            request.setCursor(text(search, "cursor"));
        }
        return request.build();
    }

    private static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null || value.isJsonNull() ? "" : value.getAsString();
    }

    private static List<String> texts(JsonObject object, String name) {
        JsonArray values = object.getAsJsonArray(name);
        List<String> texts = new ArrayList<>();
        if (values != null) {
            values.forEach(value -> texts.add(value.getAsString()));
        }
        return texts;
    }
}
