package org.scimdb;

/** Is told of every write, after it is durable. */
@FunctionalInterface
public interface AfterCommit {
    /**
     * Called on the thread that made the write. It may read and write.
     *
     * @throws Exception the write is done, and its caller does not hear of it: it is logged by {@link System.Logger}, as an
     *     error of {@code org.scimdb}
     */
    void afterCommit(Write write) throws Exception;
}
