package org.scimdb;

import java.time.Instant;
import java.util.List;

/**
 * An entry of the change log: no values, only the names of what changed.
 *
 * @param sequence its number, unique in the store
 * @param time when
 * @param actor who, if the writer said so, or null
 * @param correlationId of the queued import that it is a part of, or null
 * @param operation what was done
 * @param resourceType the resource type
 * @param id the resource's id
 * @param attributes the paths of the attributes that changed; none for a delete
 */
public record Change(long sequence, Instant time, String actor, String correlationId, Operation operation,
        String resourceType, String id, List<String> attributes) {
}
