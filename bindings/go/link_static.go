//go:build scimdb_static

package scimdb

// The archive stands before what pkg-config says, so that nothing is left for the shared library to resolve.

// #cgo LDFLAGS: -l:libscimdb.a -Wl,--as-needed
// #cgo pkg-config: --static scimdb
import "C"
