package org.scimdb.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import scimdb.v1.List.ListRequest;
import scimdb.v1.List.StreamListRequest;
import scimdb.v1.Tenant.CreateTenantRequest;
import scimdb.v1.Verbs.CreateRequest;
import scimdb.v1.Verbs.PatchRequest;
import scimdb.v1.Watch.Change;
import scimdb.v1.Watch.ChangeOperation;
import scimdb.v1.Watch.WatchRequest;
import scimdb.v1.Watch.WatchResponse;

/** What a client of grpc-java sees of a started server. */
@Timeout(60)
class ScimTest {
    private static ServerProcess server;
    private static int tenants;

    private Scim scim;
    private String tenant;

    @BeforeAll
    static void serve() throws IOException {
        server = new ServerProcess();
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        server.close();
    }

    @BeforeEach
    void connect() {
        scim = new Scim(server.address, null);
        tenant = "tenant-" + ++tenants;
        scim.admin.createTenant(
                CreateTenantRequest.newBuilder().setTenant(tenant).build());
    }

    @AfterEach
    void disconnect() throws InterruptedException {
        scim.close();
    }

    private String create(String userName) {
        String body = """
                {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "%s"}""".formatted(userName);
        CreateRequest request = CreateRequest.newBuilder()
                .setTenant(tenant)
                .setResourceType("User")
                .setJson(body)
                .build();
        return scim.resources.create(request).getResource().getId();
    }

    @Test
    void errorsTellTheirDetails() {
        ListRequest request = ListRequest.newBuilder()
                .setTenant(tenant)
                .setResourceType("User")
                .setFilter("userName xx \"a\"")
                .build();
        StatusRuntimeException failure =
                assertThrows(StatusRuntimeException.class, () -> scim.resources.list(request));
        Refusal refusal = Refusal.of(failure);
        assertEquals(Status.Code.INVALID_ARGUMENT, refusal.code());
        assertEquals("INVALID_FILTER", refusal.reason());
        assertEquals(400, refusal.httpStatus());
        assertEquals("invalidFilter", refusal.scimType());
        assertEquals(9, refusal.offset());
        assertNotNull(refusal.requestId());
    }

    @Test
    void aDeadlineEndsACall() {
        // A watch goes on until the client ends it.
        Iterator<WatchResponse> watch = scim.resources
                .withDeadlineAfter(50, TimeUnit.MILLISECONDS)
                .watch(WatchRequest.newBuilder().setTenant(tenant).build());
        StatusRuntimeException failure =
                assertThrows(StatusRuntimeException.class, () -> watch.forEachRemaining(message -> {}));
        assertEquals(Status.Code.DEADLINE_EXCEEDED, failure.getStatus().getCode());
        // The connection is as good as before.
        create("after");
    }

    @Test
    void aStreamHasEverything() {
        for (int number = 0; number < 300; number++) {
            create("user-" + number);
        }
        StreamListRequest request = StreamListRequest.newBuilder()
                .setTenant(tenant)
                .setResourceType("User")
                .setSortBy("userName")
                .addAttributes("userName")
                .build();
        List<String> found = new ArrayList<>();
        scim.resources.streamList(request).forEachRemaining(
                batch -> batch.getResourcesList().forEach(resource -> found.add(resource.getId())));
        assertEquals(300, found.size());
    }

    @Test
    void aWatchTellsChanges() {
        Iterator<WatchResponse> watch = scim.resources.watch(
                WatchRequest.newBuilder().setTenant(tenant).setSince(0).build());
        // The first message says that the watch has begun.
        watch.next();
        String id = create("watched");
        String body = """
                {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                 "Operations": [{"op": "add", "path": "title", "value": "t"}]}""";
        scim.resources.patch(PatchRequest.newBuilder()
                .setTenant(tenant)
                .setResourceType("User")
                .setId(id)
                .setJson(body)
                .build());
        List<Change> told = new ArrayList<>();
        while (told.size() < 2) {
            told.addAll(watch.next().getChangesList());
        }
        assertEquals(ChangeOperation.CHANGE_OPERATION_CREATE, told.get(0).getOperation());
        assertEquals(id, told.get(0).getId());
        assertEquals(List.of("title"), told.get(1).getAttributesList());
        assertTrue(told.get(1).getSequence() > told.get(0).getSequence());
    }
}
