package scimdb

// #include "bridge.h"
import "C"

import (
	"context"
	"log/slog"
	"math"
	"runtime/cgo"
	"sync"
	"time"
)

// Stats tell how large a store is.
type Stats struct {
	// FileBytes is how large its file is.
	FileBytes uint64 `json:"fileBytes"`
	// Sequence is the number of the last commit: what to give to [Tenant.Changes] to hear of later ones.
	Sequence uint64 `json:"sequence"`
	// Tenants are its tenants.
	Tenants []TenantStats `json:"tenants"`
}

// TenantStats tell how large a tenant is.
type TenantStats struct {
	// Name is the tenant's name.
	Name string `json:"name"`
	// Profile is the name of its profile.
	Profile string `json:"profile"`
	// Resources is how many there are, by resource type.
	Resources map[string]uint64 `json:"resources"`
	// Memberships is how many members all groups have.
	Memberships uint64 `json:"memberships"`
	// Changes is how many entries the change log has.
	Changes uint64 `json:"changes"`
	// Indexes are its indexes, by resource type.
	Indexes map[string]IndexStats `json:"indexes"`
}

// IndexStats tell of an index.
type IndexStats struct {
	// State is a word for what it is doing.
	State string `json:"state"`
	// Resources is how many are in it.
	Resources uint64 `json:"resources"`
	// Runs is how many parts it has.
	Runs uint32 `json:"runs"`
	// Dead is how many entries are of resources that changed or went.
	Dead uint64 `json:"dead"`
	// Recent is how many writes it is behind; searches see them all the same.
	Recent uint64 `json:"recent"`
	// Bytes is how large it is.
	Bytes uint64 `json:"bytes"`
	// Applied is the sequence of the last change in it.
	Applied uint64 `json:"applied"`
}

// Stats tells how large the store is.
func (s *Store) Stats(ctx context.Context) (*Stats, error) {
	text, err := s.call(ctx, func(f *frame) C.scimdb_code { return C.scimdb_stats(s.db, &f.c.out, &f.c.err) })
	if err != nil {
		return nil, err
	}
	return decode[Stats](text)
}

// A CheckReport tells what a check has read.
type CheckReport struct {
	// Resources is how many resources were read.
	Resources uint64 `json:"resources"`
	// Entries is how many entries of all tables were read.
	Entries uint64 `json:"entries"`
	// Problems is what is wrong: nothing, where the store is sound.
	Problems []string `json:"problems"`
}

// Check reads everything that is stored, and compares it. Writers wait for a part of it.
func (s *Store) Check(ctx context.Context) (*CheckReport, error) {
	text, err := s.call(ctx, func(f *frame) C.scimdb_code { return C.scimdb_check(s.db, &f.c.out, &f.c.err) })
	if err != nil {
		return nil, err
	}
	return decode[CheckReport](text)
}

// Backup writes the whole store into a directory that must not exist yet, as it is at one moment, while writers go on.
func (s *Store) Backup(ctx context.Context, path string) error {
	return s.do(ctx, func(f *frame) C.scimdb_code {
		pathPtr, pathLen := text(path)
		return C.scimdb_backup(s.db, pathPtr, pathLen, &f.c.err)
	})
}

// Compact makes the store's file as small as it can be. Writers wait meanwhile.
func (s *Store) Compact(ctx context.Context) error {
	return s.do(ctx, func(f *frame) C.scimdb_code { return C.scimdb_compact(s.db, &f.c.err) })
}

// RotateValueKeys reads the keys of [Options.ValueKeysFile] again, and encrypts everything by the first key that is encrypted
// by another; it tells how many resources those were. Afterwards only older backups need the other keys. Others read and write
// meanwhile; after an error the same call goes on. [ErrInvalidArgument] if the store was opened without keys.
func (s *Store) RotateValueKeys(ctx context.Context) (uint64, error) {
	text, err := s.call(ctx, func(f *frame) C.scimdb_code {
		return C.scimdb_value_keys_rotate(s.db, &f.c.out, &f.c.err)
	})
	if err != nil {
		return 0, err
	}
	rotated, err := decode[struct {
		Rewritten uint64 `json:"rewritten"`
	}](text)
	if err != nil {
		return 0, err
	}
	return rotated.Rewritten, nil
}

// LevelTrace is the slog level of what the library traces.
const LevelTrace = slog.LevelDebug - 4

// slogLevel is the slog level of one of the library: 1 is an error, 5 is a trace.
func slogLevel(level int32) slog.Level {
	levels := [...]slog.Level{slog.LevelError, slog.LevelWarn, slog.LevelInfo, slog.LevelDebug, LevelTrace}
	return levels[min(max(int(level), 1), len(levels))-1]
}

// SetLogger has the library log to a logger; nil: nowhere, as at first. It is one for the whole process. What the logger's
// handler is not enabled for now is not asked for later. The handler runs on any thread, and must not call a store.
func SetLogger(logger *slog.Logger) error {
	f := newFrame()
	defer f.free()
	level := int32(0)
	for logger != nil && level < 5 && logger.Enabled(context.Background(), slogLevel(level+1)) {
		level++
	}
	handle := cgo.Handle(0)
	if level > 0 {
		handle = cgo.NewHandle(logger)
	}
	if code := C.scimdb_go_set_log(C.int32_t(max(level, 1)), C.uintptr_t(handle), &f.c.err); code != C.SCIMDB_OK {
		return f.failure(code)
	}
	return nil
}

// A Server serves a store on a port: SCIM over HTTP, and gRPC.
type Server struct {
	store *Store
	mu    sync.Mutex
	c     *C.scimdb_server
}

// Serve starts a server beside the host's own calls, on threads of the library. The configuration is a JSON object, or what
// encoding/json makes one of: "address" is where it listens, 127.0.0.1:0 by default, and "requireTokens" may be false on
// loopback; EMBEDDING.md in scimdb's documentation has the others. [ErrNotImplemented] if the library was built without a server.
func (s *Store) Serve(configuration any) (*Server, error) {
	var encoded []byte
	var err error
	if configuration != nil {
		if encoded, err = encode(configuration); err != nil {
			return nil, err
		}
	}
	f := newFrame()
	defer f.free()
	configPtr, configLen := options(encoded)
	if code := C.scimdb_serve_start(s.db, configPtr, configLen, &f.c.server, &f.c.err); code != C.SCIMDB_OK {
		return nil, s.checked(f.failure(code))
	}
	return &Server{store: s, c: f.c.server}, nil
}

// URL is where the server is reached, without a path: http://127.0.0.1:7644.
func (s *Server) URL() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return "", closedError("server")
	}
	f := newFrame()
	defer f.free()
	if code := C.scimdb_serve_url(s.c, &f.c.out, &f.c.err); code != C.SCIMDB_OK {
		return "", s.store.checked(f.failure(code))
	}
	return string(f.out()), nil
}

// drain is how long Close lets requests end, as in the other languages' packages.
const drain = 10 * time.Second

// Close stops the server. Requests that are under way have 10 seconds to end; [Server.Stop] takes another time.
func (s *Server) Close() error { return s.Stop(drain) }

// Stop stops the server. Requests that are under way have so long to end. A second Stop does nothing.
func (s *Server) Stop(drain time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return nil
	}
	f := newFrame()
	defer f.free()
	milliseconds := min(max(drain.Milliseconds(), 0), math.MaxUint32)
	code := C.scimdb_serve_stop(s.c, C.uint32_t(milliseconds), &f.c.err)
	s.c = nil
	if code != C.SCIMDB_OK {
		return s.store.checked(f.failure(code))
	}
	return nil
}
