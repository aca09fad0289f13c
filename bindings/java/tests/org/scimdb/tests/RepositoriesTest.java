package org.scimdb.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.scimdb.tests.Fixture.fails;
import static org.scimdb.tests.Fixture.read;
import static org.scimdb.tests.ProfilesTest.born;
import static org.scimdb.tests.ProfilesTest.key;
import static org.scimdb.tests.ProfilesTest.keys;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.scimdb.ErrorCode;
import org.scimdb.RefusedException;
import org.scimdb.RepositoryQuery;
import org.scimdb.ScimdbException;
import org.scimdb.SearchRequest;
import org.scimdb.Store;
import org.scimdb.Tenant;

/** Repositories of the host that tell, refuse and fail. */
class RepositoriesTest {
    private static final SearchRequest REQUEST =
            SearchRequest.of("groups.value eq USG").count(7).searchRepositories(true);

    private final Store store = Store.openInMemory(keys(key("k", 1)));
    private final Tenant tenant = ProfilesTest.people(store);

    @AfterEach
    void close() {
        store.close();
    }

    private List<String> found() {
        List<String> names = new ArrayList<>();
        JsonObject page = read(tenant.search("User", REQUEST));
        JsonArray resources = page.has("Resources") ? page.getAsJsonArray("Resources") : new JsonArray();
        resources.forEach(resource -> names.add(resource.getAsJsonObject().get("userName").getAsString()));
        return names;
    }

    @Test
    void whatTheHostKnowsIsFoundAsWell() {
        tenant.create("User", born("bound", ""));
        List<RepositoryQuery> asked = new ArrayList<>();
        store.setRepositories(query -> {
            asked.add(query);
            // It is one of those calls that may write.
            tenant.create("Group", "{\"displayName\": \"Asked\"}");
            return List.of(born("élsewhere", "\"id\": \"0\", \"userName\": \"élsewhere\","),
                    "{\"id\": \"0\", \"userName\": \"of no group\"}");
        });
        assertEquals(List.of("bound", "élsewhere"), found());
        assertEquals(List.of(new RepositoryQuery("people", "User", "groups.value eq USG", 7)), asked);
        tenant.search("User", SearchRequest.all().searchRepositories(true));
        assertNull(asked.get(1).filter());
        store.setRepositories(query -> null);
        assertEquals(List.of("bound"), found());
        store.setRepositories(null);
        assertEquals(List.of("bound"), found());
    }

    @Test
    void aSearchFailsAsTheHostSays() {
        store.setRepositories(query -> {
            throw new RefusedException(403, null, "not for yöu");
        });
        ScimdbException refused = fails(ErrorCode.FORBIDDEN, this::found);
        assertEquals(403, refused.status());
        assertEquals("not for yöu", refused.detail());
        assertInstanceOf(RefusedException.class, refused.getCause());

        IllegalStateException failure = new IllegalStateException("the directory is on fire");
        store.setRepositories(query -> {
            throw failure;
        });
        ScimdbException failed = assertThrows(ScimdbException.class, this::found);
        assertEquals(500, failed.status());
        assertSame(failure, failed.getCause());
        assertFalse(failed.detail().contains("fire"), failed.detail());
        assertEquals(500, tenant.handle("GET", "/Users?searchRepositories=true", Map.of(), null).status());

        for (String wrong : new String[] {"{\"active\": \"maybe\"}", "no JSON", "\ud800", null}) {
            store.setRepositories(query -> Arrays.asList(wrong));
            assertEquals(500, assertThrows(ScimdbException.class, this::found).status(), wrong);
        }
    }

    @Test
    void repositoriesThatAreReplacedAreLetGo() throws InterruptedException {
        WeakReference<Object> held = hold(new Object());
        found();
        store.setRepositories(null);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (held.get() != null && System.nanoTime() < deadline) {
            System.gc();
            Thread.sleep(10);
        }
        assertNull(held.get());
    }

    private WeakReference<Object> hold(Object object) {
        store.setRepositories(query -> List.of("{\"userName\": \"" + object.hashCode() + "\"}"));
        return new WeakReference<>(object);
    }
}
