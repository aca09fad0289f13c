package people;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.scimdb.RefusedException;
import org.scimdb.RequestContext;
import org.scimdb.ScimHandler;
import org.scimdb.Scope;
import org.scimdb.Store;
import org.scimdb.Tenant;
import org.scimdb.Write;

/** A product with users of its own, which an identity provider provisions at /scim/v2. GET /people shows its table. */
public final class Product {
    private final Store store;
    private final People people;
    private final Follower follower;
    private final Thread following;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    private Product(int port, Path data, String token) throws IOException, SQLException {
        Files.createDirectories(data);
        store = Store.open(data.resolve("scim"));
        store.setHooks(Product::check, null);
        Tenant tenant = store.tenant();
        people = new People(data);
        follower = new Follower(tenant, people);
        following = new Thread(follower, "follower");
        following.start();

        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/scim/v2", ScimHandler.of(tenant).callers(exchange ->
                RequestContext.defaults().actor(exchange.getPrincipal().getUsername()).scope(Scope.WRITE)))
                .setAuthenticator(new Bearer(token));
        server.createContext("/people", this::showPeople);
        server.setExecutor(threads);
        server.start();
    }

    /** The product's rules: what it refuses, and what it derives. */
    private static String check(Write write) {
        if (write.after() == null || !write.resourceType().equals("User")) {
            return null;
        }
        JsonObject user = JsonParser.parseString(write.after()).getAsJsonObject();
        if (!user.get("userName").getAsString().endsWith("@example.com")) {
            throw new RefusedException(400, "invalidValue", "userName must end in @example.com");
        }
        return user.has("userType") ? null : "{\"userType\": \"Employee\"}";
    }

    private void showPeople(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = people.all().toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        } catch (SQLException failure) {
            throw new IOException(failure);
        }
    }

    private void close() throws SQLException, InterruptedException {
        server.stop(1);
        threads.shutdown();
        follower.stop();
        store.interrupt();
        following.join();
        people.close();
        store.close();
    }

    private void closeAtEnd() {
        int status = 0;
        try {
            close();
        } catch (Exception failure) {
            failure.printStackTrace();
            status = 1;
        }
        // A process that ends by a signal would end with 143, even though all went well.
        Runtime.getRuntime().halt(status);
    }

    public static void main(String[] arguments) throws Exception {
        int port = 8080;
        Path data = Path.of("people-data");
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            switch (arguments[i]) {
                case "--port" -> port = Integer.parseInt(arguments[i + 1]);
                case "--data" -> data = Path.of(arguments[i + 1]);
                default -> throw new IllegalArgumentException(arguments[i]);
            }
        }
        String token = System.getenv("SCIM_TOKEN");
        if (token == null || token.isEmpty()) {
            throw new IllegalArgumentException("SCIM_TOKEN must be set");
        }
        Product product = new Product(port, data, token);
        Runtime.getRuntime().addShutdownHook(new Thread(product::closeAtEnd, "closing"));
        System.out.println("listening on http://127.0.0.1:" + product.server.getAddress().getPort());
        System.out.flush();
    }
}
