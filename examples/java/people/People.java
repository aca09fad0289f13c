package people;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The product's own table of users. */
final class People implements AutoCloseable {
    private final Connection database;

    People(Path directory) throws SQLException {
        // The product closes it, in its order: not the driver, when the process ends.
        database = DriverManager.getConnection("jdbc:h2:file:" + directory.toAbsolutePath().resolve("people")
                + ";DB_CLOSE_ON_EXIT=FALSE");
        database.setAutoCommit(false);
        try (Statement statement = database.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS people (id VARCHAR PRIMARY KEY, user_name VARCHAR NOT NULL,"
                    + " display_name VARCHAR, active BOOLEAN NOT NULL)");
            statement.execute("CREATE TABLE IF NOT EXISTS position (at BIGINT NOT NULL)");
            statement.execute("INSERT INTO position SELECT 0 WHERE NOT EXISTS (SELECT * FROM position)");
        }
        database.commit();
    }

    /** What changes the table. */
    interface Changes {
        void make() throws SQLException;
    }

    /** Makes changes and moves the position in the change feed, all or nothing: a crash loses no change, and repeats none. */
    synchronized void follow(long position, Changes changes) throws SQLException {
        try (PreparedStatement moved = database.prepareStatement("UPDATE position SET at = ?")) {
            changes.make();
            moved.setLong(1, position);
            moved.executeUpdate();
            database.commit();
        } catch (SQLException | RuntimeException failure) {
            database.rollback();
            throw failure;
        }
    }

    /** The change up to which the table is in step. */
    synchronized long position() throws SQLException {
        try (Statement statement = database.createStatement(); ResultSet rows = statement.executeQuery("TABLE position")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** Puts a user, as the store has it. */
    void put(String json) throws SQLException {
        JsonObject user = JsonParser.parseString(json).getAsJsonObject();
        try (PreparedStatement merge = database.prepareStatement("MERGE INTO people VALUES (?, ?, ?, ?)")) {
            merge.setString(1, user.get("id").getAsString());
            merge.setString(2, user.get("userName").getAsString());
            merge.setString(3, user.has("displayName") ? user.get("displayName").getAsString() : null);
            merge.setBoolean(4, !user.has("active") || user.get("active").getAsBoolean());
            merge.executeUpdate();
        }
    }

    void remove(String id) throws SQLException {
        try (PreparedStatement delete = database.prepareStatement("DELETE FROM people WHERE id = ?")) {
            delete.setString(1, id);
            delete.executeUpdate();
        }
    }

    void removeAll() throws SQLException {
        try (Statement statement = database.createStatement()) {
            statement.executeUpdate("DELETE FROM people");
        }
    }

    /** All people, sorted by userName. */
    synchronized JsonArray all() throws SQLException {
        JsonArray people = new JsonArray();
        try (Statement statement = database.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM people ORDER BY user_name")) {
            while (rows.next()) {
                JsonObject person = new JsonObject();
                person.addProperty("id", rows.getString("id"));
                person.addProperty("userName", rows.getString("user_name"));
                person.addProperty("displayName", rows.getString("display_name"));
                person.addProperty("active", rows.getBoolean("active"));
                people.add(person);
            }
        }
        return people;
    }

    @Override
    public synchronized void close() throws SQLException {
        database.close();
    }
}
