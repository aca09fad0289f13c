// scimdb: the SQLite of identity. An embedded SCIM 2.0 store, in the process of its host.
//
// This file is made from src/ffi. docs/C-ABI.md tells more, and has examples.
//
// What holds for every function:
//
// 1. Handles are opaque: they are never dereferenced, by the caller or by the library. One that is closed, that never was
//    one, or is of another kind is answered with SCIMDB_MISUSE, from any thread, at any time.
// 2. Every function that can fail returns a scimdb_code: SCIMDB_OK, or the code of an error. The parameter err, where there is
//    one, may be NULL; on failure it gets an error, which the caller owns and gives back by scimdb_error_free. Nothing is
//    kept per thread.
// 3. Text goes in as a pointer and a length in bytes; the length SCIMDB_NTS says that it ends with a NUL. NULL with the
//    length 0 or SCIMDB_NTS is no text, which only parameters that are said to have a default may be: tenant (the tenant
//    "default"), options, context, headers, body, profile, and a search's type (all) and request (everything). Text is
//    UTF-8, and is checked; JSON and rows are bytes, whose errors are SCIM's.
// 4. Text comes out in a scimdb_buf, which the caller places, begins with SCIMDB_BUF_INIT, uses as often as it likes, and
//    frees by scimdb_buf_free. It always ends with a NUL, which its length does not count.
// 5. What is to be written to is untouched when a call fails.
// 6. To free or close NULL does nothing.
// 7. A function that takes a scimdb_store * may be called by any number of threads at once. One that takes an iterator or an
//    import lets one thread in at a time, and the others wait.
// 8. Options are JSON objects; an unknown name is an error (SCIMDB_INVALID_ARGUMENT).
// 9. A panic inside is a bug of the library. It is caught. On the thread of a call it is answered with SCIMDB_PANIC, and the
//    store with SCIMDB_POISONED from then on, until it is closed. On a thread of the library it ends what was done there: a
//    write is SCIMDB_INTERNAL, nothing of it is stored, and the store goes on.
// 10. After fork() a handle of the parent is answered with SCIMDB_MISUSE in the child, which can open stores of its own.
// 11. A callback comes with a pointer, userdata, and a function, drop (which may be NULL), that is called once with it when the
//     callback can run no more; also when it could not be registered. Callbacks must return: no longjmp, no exceptions.
