package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"log/slog"
	"runtime/cgo"
	"runtime/debug"
)

// What C calls. Nothing that a caller's function does may unwind C's stack: each call recovers.

//export scimdbGoBeforeWrite
func scimdbGoBeforeWrite(handle C.uintptr_t, write *C.char, n C.size_t, decision *C.scimdb_decision) (code C.scimdb_code) {
	hooks := cgo.Handle(handle).Value().(*Hooks)
	// What is left if the hook panics: a refusal that is nobody's fault but the host's.
	code = C.SCIMDB_INTERNAL
	defer func() {
		if cause := recover(); cause != nil {
			hooks.report("panic in the before-write hook", "panic", cause, "stack", string(debug.Stack()))
			hostFailed().tell(decision)
		}
	}()
	return hooks.before(copied(write, n), decision)
}

//export scimdbGoAfterCommit
func scimdbGoAfterCommit(handle C.uintptr_t, write *C.char, n C.size_t) {
	hooks := cgo.Handle(handle).Value().(*Hooks)
	defer func() {
		if cause := recover(); cause != nil {
			hooks.report("panic in the after-commit hook", "panic", cause, "stack", string(debug.Stack()))
		}
	}()
	hooks.after(copied(write, n))
}

//export scimdbGoSearchRepositories
func scimdbGoSearchRepositories(handle C.uintptr_t, query *C.char, n C.size_t, found *C.scimdb_found) (code C.scimdb_code) {
	repositories := cgo.Handle(handle).Value().(*Repositories)
	// What is left if the function panics: a failure that is nobody's fault but the host's.
	code = C.SCIMDB_INTERNAL
	defer func() {
		if cause := recover(); cause != nil {
			report(repositories.ErrorLog, "panic in a search of repositories", "panic", cause, "stack", string(debug.Stack()))
			repositoriesFailed().fail(found)
		}
	}()
	return repositories.search(copied(query, n), found)
}

//export scimdbGoChanged
func scimdbGoChanged(handle C.uintptr_t, sequence C.uint64_t) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.Error("scimdb: panic in an OnChange function", "panic", cause, "stack", string(debug.Stack()))
		}
	}()
	cgo.Handle(handle).Value().(func(uint64))(uint64(sequence))
}

//export scimdbGoLogged
func scimdbGoLogged(handle C.uintptr_t, level C.int32_t, text *C.char, n C.size_t) {
	// There is nobody left to tell if a log cannot be written.
	defer func() { _ = recover() }()
	logger := cgo.Handle(handle).Value().(*slog.Logger)
	logger.Log(context.Background(), slogLevel(int32(level)), string(copied(text, n)))
}

//export scimdbGoDrop
func scimdbGoDrop(handle C.uintptr_t) { cgo.Handle(handle).Delete() }
