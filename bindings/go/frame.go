package scimdb

// #include "bridge.h"
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// A frame is the out-parameters of a call. It stands in C's memory: a call allocates nothing, and Go's pointers never go
// where the garbage collector does not see them. Frames are used again, with the buffers in them.
type frame struct{ c *C.scimdb_go_frame }

var frames = sync.Pool{New: func() any {
	f := &frame{c: (*C.scimdb_go_frame)(C.calloc(1, C.sizeof_scimdb_go_frame))}
	if f.c == nil {
		panic("scimdb: out of memory")
	}
	// The pool forgets frames when memory is collected.
	runtime.AddCleanup(f, func(c *C.scimdb_go_frame) {
		C.scimdb_buf_free(&c.out)
		C.scimdb_buf_free(&c.headers)
		C.free(unsafe.Pointer(c))
	}, f.c)
	return f
}}

func newFrame() *frame       { return frames.Get().(*frame) }
func (f *frame) free()       { frames.Put(f) }
func (f *frame) out() []byte { return copied(f.c.out.data, f.c.out.len) }

// copied copies text of the library to Go's memory.
func copied(data *C.char, n C.size_t) []byte {
	// Not nil where it is empty: a RawMessage that is nil would be null.
	return append(make([]byte, 0, n), unsafe.Slice((*byte)(unsafe.Pointer(data)), n)...)
}

// empty is where texts of no length stand: a text that is there, but empty, is not NULL.
var empty = [1]byte{}

// text gives a string to C for the time of a call.
func text(s string) (*C.char, C.size_t) {
	if s == "" {
		return (*C.char)(unsafe.Pointer(&empty)), 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

// optional is text, where an empty string means that there is none.
func optional(s string) (*C.char, C.size_t) {
	if s == "" {
		return nil, 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

// body gives bytes to C for the time of a call.
func body(b []byte) (*C.char, C.size_t) {
	if len(b) == 0 {
		return (*C.char)(unsafe.Pointer(&empty)), 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.SliceData(b))), C.size_t(len(b))
}

// options gives options to C, or NULL where there are none.
func options(b []byte) (*C.char, C.size_t) {
	if b == nil {
		return nil, 0
	}
	return body(b)
}

// encode is the JSON of what a caller gave: of text as it is, of other values by encoding/json.
func encode(value any) ([]byte, error) {
	switch value := value.(type) {
	case string:
		return unsafe.Slice(unsafe.StringData(value), len(value)), nil
	case []byte:
		return value, nil
	case json.RawMessage:
		return value, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("scimdb: no JSON can be made of this value: %w", err)
	}
	return text, nil
}

// encodeOptions is the JSON of options, nil for a nil pointer.
func encodeOptions[T any](value *T) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	return encode(value)
}

// decode reads what the library gave.
func decode[T any](text []byte) (*T, error) {
	value := new(T)
	if err := json.Unmarshal(text, value); err != nil {
		return nil, errors.Join(errorOf(ErrInternal, "the library gave what this package cannot read"), err)
	}
	return value, nil
}
