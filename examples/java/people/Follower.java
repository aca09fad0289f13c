package people;

import com.google.gson.JsonParser;
import java.sql.SQLException;
import java.time.Duration;
import org.scimdb.Change;
import org.scimdb.Changes;
import org.scimdb.ErrorCode;
import org.scimdb.Operation;
import org.scimdb.ResourceCursor;
import org.scimdb.ScimdbException;
import org.scimdb.SearchRequest;
import org.scimdb.Tenant;

/** Keeps the table in step with the store, through the change feed. */
final class Follower implements Runnable {
    private static final System.Logger LOGGER = System.getLogger("people");
    private static final Duration WAIT = Duration.ofSeconds(1);

    private final Tenant tenant;
    private final People people;
    private volatile boolean stopped;

    Follower(Tenant tenant, People people) {
        this.tenant = tenant;
        this.people = people;
    }

    /** Ends it soon: after the changes that it is at. */
    void stop() {
        stopped = true;
    }

    @Override
    public void run() {
        while (!stopped) {
            try {
                step();
            } catch (SQLException | RuntimeException failure) {
                LOGGER.log(System.Logger.Level.ERROR, "the table is behind; it is tried again", failure);
                sleep();
            }
        }
    }

    private void step() throws SQLException {
        try {
            Changes changes = tenant.changes(people.position(), 100, WAIT);
            if (!changes.changes().isEmpty()) {
                people.follow(changes.last(), () -> {
                    for (Change change : changes.changes()) {
                        apply(change);
                    }
                });
            }
        } catch (ScimdbException error) {
            if (error.error() != ErrorCode.OUT_OF_RANGE) {
                throw error;
            }
            startAgain();
        }
    }

    private void apply(Change change) throws SQLException {
        if (!change.resourceType().equals("User")) {
            return;
        }
        if (change.operation() == Operation.DELETE) {
            people.remove(change.id());
            return;
        }
        try {
            people.put(tenant.get("User", change.id()));
        } catch (ScimdbException error) {
            if (error.error() != ErrorCode.NOT_FOUND) {
                throw error;
            }
            // Deleted since: the feed will say so too.
            people.remove(change.id());
        }
    }

    /** The feed does not reach back to where the table is: reads everything. */
    private void startAgain() throws SQLException {
        // Asked before the users are read: what changes meanwhile is followed once more.
        long position = JsonParser.parseString(tenant.store().stats()).getAsJsonObject().get("sequence").getAsLong();
        people.follow(position, () -> {
            people.removeAll();
            try (ResourceCursor users = tenant.iterate("User", SearchRequest.all())) {
                for (String user : users) {
                    people.put(user);
                }
            }
        });
    }

    private static void sleep() {
        try {
            Thread.sleep(WAIT);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
