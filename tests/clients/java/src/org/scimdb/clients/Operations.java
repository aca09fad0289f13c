package org.scimdb.clients;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.grpc.Context;
import java.time.Instant;
import java.util.Locale;
import java.util.stream.Collectors;
import scimdb.v1.Bulk.BulkRequest;
import scimdb.v1.Explain.ExplainRequest;
import scimdb.v1.Explain.ExplainResponse;
import scimdb.v1.List.ListRequest;
import scimdb.v1.List.ListResponse;
import scimdb.v1.List.StreamListRequest;
import scimdb.v1.ResourceOuterClass.Resource;
import scimdb.v1.SchemaServiceOuterClass.PutSchemasRequest;
import scimdb.v1.Stats.StatsRequest;
import scimdb.v1.Tenant.CreateTenantRequest;
import scimdb.v1.Tenant.DropTenantRequest;
import scimdb.v1.Tenant.TenantSettings;
import scimdb.v1.TokenOuterClass.CreateTokenRequest;
import scimdb.v1.TokenOuterClass.Scope;
import scimdb.v1.Verbs.CreateRequest;
import scimdb.v1.Verbs.DeleteRequest;
import scimdb.v1.Verbs.GetRequest;
import scimdb.v1.Verbs.PatchRequest;
import scimdb.v1.Verbs.ReplaceRequest;
import scimdb.v1.Watch.Change;
import scimdb.v1.Watch.WatchRequest;
import scimdb.v1.Watch.WatchResponse;

/** The requests of the runner, by stubs. */
final class Operations {
    private final Scim scim;

    Operations(Scim scim) {
        this.scim = scim;
    }

    /** Carries a request out, and gives what is under "ok" in its answer; null if gRPC has no such call. */
    JsonObject carryOut(Asked asked) throws InterruptedException {
        return switch (asked.text("op")) {
            case "hello" -> hello();
            case "open" -> new JsonObject();
            case "tenant_create" -> createTenant(asked);
            case "tenant_drop" -> {
                scim.admin.dropTenant(
                        DropTenantRequest.newBuilder().setTenant(asked.text("name")).build());
                yield new JsonObject();
            }
            case "schema_put" -> {
                String documents = asked.json().getAsJsonArray("documents").toString();
                scim.schemas.putSchemas(PutSchemasRequest.newBuilder()
                        .setTenant(asked.text("tenant"))
                        .setJson(documents)
                        .build());
                yield new JsonObject();
            }
            case "create" -> create(asked);
            case "get" -> get(asked);
            case "replace" -> replace(asked);
            case "patch" -> patch(asked);
            case "delete" -> delete(asked);
            case "search" -> search(asked);
            case "iterate" -> iterate(asked);
            case "explain" -> explain(asked);
            case "bulk" -> text(scim.resources
                    .bulk(BulkRequest.newBuilder()
                            .setTenant(asked.text("tenant"))
                            .setJson(asked.text("request"))
                            .build())
                    .getJson());
            case "import" -> text(
                    new Importing(scim, asked).report().toString());
            case "changes" -> changes(asked);
            case "token_create" -> createToken(asked);
            case "stats" -> stats();
            default -> null;
        };
    }

    private static JsonObject hello() {
        JsonObject hello = new JsonObject();
        hello.addProperty("language", "Java");
        hello.addProperty("version", "0.1.0");
        hello.addProperty("kind", "grpc");
        return hello;
    }

    private static JsonObject text(String json) {
        JsonObject answer = new JsonObject();
        answer.addProperty("json", json);
        return answer;
    }

    private static JsonObject shown(Resource resource) {
        return text(resource.getJson());
    }

    private JsonObject createTenant(Asked asked) {
        TenantSettings settings =
                TenantSettings.newBuilder().setProfile(asked.profile()).build();
        scim.admin.createTenant(CreateTenantRequest.newBuilder()
                .setTenant(asked.text("name"))
                .setSettings(settings)
                .build());
        return new JsonObject();
    }

    private JsonObject create(Asked asked) {
        CreateRequest request = CreateRequest.newBuilder()
                .setTenant(asked.text("tenant"))
                .setResourceType(asked.text("type"))
                .setJson(asked.text("json"))
                .setId(asked.option("id"))
                .addAllAttributes(asked.optionTexts("attributes"))
                .addAllExcludedAttributes(asked.optionTexts("excludedAttributes"))
                .build();
        return shown(scim.resources.create(request).getResource());
    }

    private JsonObject get(Asked asked) {
        GetRequest request = GetRequest.newBuilder()
                .setTenant(asked.text("tenant"))
                .setResourceType(asked.text("type"))
                .setId(asked.text("id"))
                .setIfNoneMatch(asked.option("ifNoneMatch"))
                .addAllAttributes(asked.optionTexts("attributes"))
                .addAllExcludedAttributes(asked.optionTexts("excludedAttributes"))
                .build();
        return shown(scim.resources.get(request).getResource());
    }

    private JsonObject replace(Asked asked) {
        ReplaceRequest request = ReplaceRequest.newBuilder()
                .setTenant(asked.text("tenant"))
                .setResourceType(asked.text("type"))
                .setId(asked.text("id"))
                .setJson(asked.text("json"))
                .setIfMatch(asked.option("ifMatch"))
                .setIfNoneMatch(asked.option("ifNoneMatch"))
                .addAllAttributes(asked.optionTexts("attributes"))
                .addAllExcludedAttributes(asked.optionTexts("excludedAttributes"))
                .build();
        return shown(scim.resources.replace(request).getResource());
    }

    private JsonObject patch(Asked asked) {
        PatchRequest request = PatchRequest.newBuilder()
                .setTenant(asked.text("tenant"))
                .setResourceType(asked.text("type"))
                .setId(asked.text("id"))
                .setJson(asked.text("json"))
                .setIfMatch(asked.option("ifMatch"))
                .setIfNoneMatch(asked.option("ifNoneMatch"))
                .addAllAttributes(asked.optionTexts("attributes"))
                .addAllExcludedAttributes(asked.optionTexts("excludedAttributes"))
                .build();
        return shown(scim.resources.patch(request).getResource());
    }

    private JsonObject delete(Asked asked) {
        scim.resources.delete(DeleteRequest.newBuilder()
                .setTenant(asked.text("tenant"))
                .setResourceType(asked.text("type"))
                .setId(asked.text("id"))
                .setIfMatch(asked.option("ifMatch"))
                .setIfNoneMatch(asked.option("ifNoneMatch"))
                .build());
        return new JsonObject();
    }

    private JsonObject search(Asked asked) {
        ListResponse page = scim.resources.list(asked.search());
        StringBuilder list = new StringBuilder("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"]");
        list.append(",\"totalResults\":").append(page.getTotalResults());
        list.append(",\"itemsPerPage\":").append(page.getResourcesCount());
        if (page.getStartIndex() != 0) {
            list.append(",\"startIndex\":").append(page.getStartIndex());
        }
        if (!page.getPreviousCursor().isEmpty()) {
            list.append(",\"previousCursor\":").append(new JsonPrimitive(page.getPreviousCursor()));
        }
        if (!page.getNextCursor().isEmpty()) {
            list.append(",\"nextCursor\":").append(new JsonPrimitive(page.getNextCursor()));
        }
        // The resources as they came: to read and write them again may change them.
        String resources =
                page.getResourcesList().stream().map(Resource::getJson).collect(Collectors.joining(","));
        return text(list.append(",\"Resources\":[").append(resources).append("]}").toString());
    }

    private JsonObject iterate(Asked asked) {
        ListRequest search = asked.search();
        StreamListRequest request = StreamListRequest.newBuilder()
                .setTenant(search.getTenant())
                .setResourceType(search.getResourceType())
                .setFilter(search.getFilter())
                .setSortBy(search.getSortBy())
                .setSortOrder(search.getSortOrder())
                .addAllAttributes(search.getAttributesList())
                .addAllExcludedAttributes(search.getExcludedAttributesList())
                .build();
        JsonArray found = new JsonArray();
        scim.resources.streamList(request).forEachRemaining(
                batch -> batch.getResourcesList().forEach(resource -> found.add(resource.getJson())));
        JsonObject answer = new JsonObject();
        answer.add("json", found);
        return answer;
    }

    private JsonObject explain(Asked asked) {
        ExplainResponse told = scim.resources.explain(
                ExplainRequest.newBuilder().setSearch(asked.search()).build());
        JsonArray steps = new JsonArray();
        told.getStepsList().forEach(step -> {
            JsonObject json = new JsonObject();
            json.addProperty("depth", step.getDepth());
            json.addProperty("text", step.getText());
            json.addProperty("method", step.getMethod());
            json.addProperty("estimated", step.hasEstimated() ? step.getEstimated() : null);
            json.addProperty("actual", step.hasActual() ? step.getActual() : null);
            json.addProperty("micros", step.getMicros());
            steps.add(json);
        });
        JsonObject explanation = new JsonObject();
        explanation.add("steps", steps);
        explanation.addProperty("total", told.getTotalResults());
        explanation.addProperty("micros", told.getMicros());
        return text(explanation.toString());
    }

    private JsonObject changes(Asked asked) {
        WatchRequest request = WatchRequest.newBuilder()
                .setTenant(asked.text("tenant"))
                .setSince(asked.number("since"))
                .setHeartbeat(Duration.newBuilder().setSeconds(1))
                .build();
        // The first message comes at once, with what there is; then the watch is given up.
        Context.CancellableContext context = Context.current().withCancellation();
        Context before = context.attach();
        WatchResponse first;
        try {
            first = scim.resources.watch(request).next();
        } finally {
            context.detach(before);
            context.cancel(null);
        }
        JsonArray changes = new JsonArray();
        first.getChangesList().stream().limit(asked.number("max")).forEach(change -> changes.add(change(change)));
        JsonObject told = new JsonObject();
        told.add("changes", changes);
        told.addProperty(
                "last",
                changes.isEmpty()
                        ? first.getSequence()
                        : changes.get(changes.size() - 1)
                                .getAsJsonObject()
                                .get("sequence")
                                .getAsLong());
        return text(told.toString());
    }

    private static JsonObject change(Change change) {
        JsonObject json = new JsonObject();
        json.addProperty("sequence", change.getSequence());
        Timestamp time = change.getTime();
        json.addProperty(
                "time", Instant.ofEpochSecond(time.getSeconds(), time.getNanos()).toString());
        json.add("actor", change.hasActor() ? new JsonPrimitive(change.getActor()) : JsonNull.INSTANCE);
        json.add(
                "correlationId",
                change.hasCorrelationId() ? new JsonPrimitive(change.getCorrelationId()) : JsonNull.INSTANCE);
        String operation = change.getOperation().name().replace("CHANGE_OPERATION_", "");
        json.addProperty("operation", operation.toLowerCase(Locale.ROOT));
        json.addProperty("resourceType", change.getResourceType());
        json.addProperty("id", change.getId());
        JsonArray attributes = new JsonArray();
        change.getAttributesList().forEach(attributes::add);
        json.add("attributes", attributes);
        return json;
    }

    private JsonObject createToken(Asked asked) {
        String scope = asked.option("scope").isEmpty() ? "write" : asked.option("scope");
        CreateTokenRequest.Builder request = CreateTokenRequest.newBuilder()
                .setTenant(asked.text("tenant"))
                .setName(asked.text("name"))
                .setScope(Scope.valueOf("SCOPE_" + scope.toUpperCase(Locale.ROOT)));
        if (asked.options().has("lifetimeSeconds")) {
            long seconds = asked.options().get("lifetimeSeconds").getAsLong();
            request.setLifetime(Duration.newBuilder().setSeconds(seconds));
        }
        if (!asked.option("subject").isEmpty()) {
            request.setSubject(asked.option("subject"));
        }
        JsonObject token = new JsonObject();
        token.addProperty("name", asked.text("name"));
        token.addProperty("secret", scim.admin.createToken(request.build()).getSecret());
        return text(token.toString());
    }

    private JsonObject stats() {
        JsonArray tenants = new JsonArray();
        scim.admin.stats(StatsRequest.getDefaultInstance()).getTenantsList().forEach(counts -> {
            JsonObject tenant = new JsonObject();
            tenant.addProperty("name", counts.getName());
            tenants.add(tenant);
        });
        JsonObject told = new JsonObject();
        told.add("tenants", tenants);
        return text(told.toString());
    }
}
