package org.scimdb;

/** Looks at a write before it is made: may refuse it, may set attributes. */
@FunctionalInterface
public interface BeforeWrite {
    /**
     * Called on the thread that makes the write, which is one of the library's if it came by the network or from another process
     * that shares the store. It is inside the write's transaction: all other writes wait for it. It may read the store,
     * and sees the state before; a write of its own is {@link ErrorCode#MISUSE}, and it must not wait for another thread that
     * writes. It may be asked twice about a write, and about one that comes to nothing: what follows from a write belongs in
     * {@link AfterCommit}.
     *
     * @return a JSON object of attributes to set, readOnly ones too, where null removes one; or null, to set none
     * @throws RefusedException to refuse the write with a SCIM error
     * @throws Exception anything else refuses the write with status 500, and is the cause of what the write throws
     */
    String beforeWrite(Write write) throws Exception;
}
