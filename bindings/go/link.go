//go:build !scimdb_static

package scimdb

// #cgo pkg-config: scimdb
import "C"
