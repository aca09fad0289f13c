package org.scimdb;

/**
 * Repositories of the host: resources that it knows and the store does not have, the users of a directory say. A search with
 * {@link SearchRequest#searchRepositories} finds them as well, by whatever way it comes, in tenants whose profile has
 * repositories.
 */
@FunctionalInterface
public interface Repositories {
    /**
     * Called on the thread that searches, which is one of the library's if the search came by the network or from another
     * process that shares the store; by several threads at once. It may read and write the store, but not close it.
     *
     * @return the resources that the search may find, each as JSON; null for none. There may be more: the filter is evaluated
     *     again. One that is no resource of the type that was asked for fails the search with {@link ErrorCode#INTERNAL}.
     * @throws RefusedException to fail the search with this status and detail; its scimType is not told
     * @throws Exception anything else fails the search with status 500, and is the cause of what the search throws
     */
    Iterable<String> search(RepositoryQuery query) throws Exception;
}
