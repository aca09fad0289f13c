package scimdb

// #include "bridge.h"
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/cgo"
)

// Hooks are functions of the host that take part in the writes of resources, by whatever way they come: a verb, bulk, an
// import, the SCIM endpoint. They run on the goroutine that makes the write, and may run on several at once.
//
// They do not see what no request names: a group that loses a member because the member was deleted, and the resources of a
// tenant that is dropped. Nor do they see a write that changes nothing. The change log tells of such groups ([Tenant.Watch]).
//
// They must not wait for a write that another goroutine makes, since that one waits for them; and must not end their
// goroutine ([runtime.Goexit], which testing's FailNow is).
type Hooks struct {
	// BeforeWrite sees each resource before it is written, within the transaction: a slow one holds up all writers. It
	// may read the store, which is as it was before; to write is [ErrMisuse]. It may be asked more than once about a
	// write, and about one that comes to nothing: it must only decide.
	//
	// An error refuses this write alone. A [Refusal] tells the client why; any other error, and a panic, is a failure of
	// the host: the client is answered with 500 and not told what it was, and ErrorLog is.
	BeforeWrite func(*Proposal) error
	// AfterCommit sees each resource after the write is durable, before the call that made it returns. It may read and
	// write. A panic in it goes to ErrorLog, and changes nothing for the call.
	AfterCommit func(*Write)
	// ErrorLog is told of failures and panics in hooks. Nil: slog's default.
	ErrorLog *slog.Logger
}

// A Write is what happens, or has happened, to a resource.
type Write struct {
	// Operation is "create", "modify" or "delete".
	Operation string `json:"operation"`
	// Tenant is the tenant's name.
	Tenant string `json:"tenant"`
	// ResourceType is the resource type's name.
	ResourceType string `json:"resourceType"`
	// ID is the resource's id.
	ID string `json:"id"`
	// Actor is who writes, if that was said.
	Actor string `json:"actor"`
	// Before is the resource as it was, with all that may ever be returned; nil for a create.
	Before json.RawMessage `json:"before"`
	// After is the resource as it will be, or is; nil for a delete.
	After json.RawMessage `json:"after"`
	// Sequence is the number of the commit; 0 before it.
	Sequence uint64 `json:"sequence"`
	// Version is meta.version after the commit; empty before it, and for a delete.
	Version string `json:"version"`
}

// A Proposal is a write that a BeforeWrite hook decides on. It is good during that call only.
type Proposal struct {
	Write
	decision *C.scimdb_decision
}

// Set sets attributes of the resource, each as a whole, readOnly ones too: a JSON object, or what encoding/json makes one of. A
// null removes an attribute. What cannot be stored is the host's failure: the write fails with [ErrInternal]. Passwords, id,
// meta, members and groups are not for hooks to set.
func (p *Proposal) Set(attributes any) error {
	encoded, err := encode(attributes)
	if err != nil {
		return err
	}
	pointer, n := body(encoded)
	if code := C.scimdb_decision_set(p.decision, pointer, n); code != C.SCIMDB_OK {
		return errorOf(Code(code), "these attributes cannot be set: they are no JSON object, or the hook has returned")
	}
	return nil
}

// A Refusal is the error of a BeforeWrite hook, of a [Repositories.Search], or of a [HandlerOptions.Authorize], that refuses a
// request and tells the client why (RFC 7644 section 3.12).
type Refusal struct {
	// Status is the HTTP status; 0 is 400. In a hook, a pair of status and ScimType that SCIM does not have becomes 400
	// invalidValue.
	Status int
	// ScimType is the keyword of RFC 7644 table 9; empty with a Status of 0 is invalidValue. A search of repositories tells
	// none.
	ScimType string
	// Detail tells people what is wrong.
	Detail string
}

// Refuse is the [Refusal] of a value that the host does not take: 400 invalidValue.
func Refuse(format string, arguments ...any) *Refusal {
	return &Refusal{Status: 400, ScimType: "invalidValue", Detail: fmt.Sprintf(format, arguments...)}
}

// Error is the detail.
func (r *Refusal) Error() string { return r.Detail }

// complete is the refusal with what is there by default.
func (r *Refusal) complete() Refusal {
	if r.Status != 0 {
		return *r
	}
	scimType := r.ScimType
	if scimType == "" {
		scimType = "invalidValue"
	}
	return Refusal{Status: 400, ScimType: scimType, Detail: r.Detail}
}

// json is the refusal as SCIM's Error message.
func (r *Refusal) json() json.RawMessage {
	complete := r.complete()
	text, err := json.Marshal(struct {
		Schemas  []string `json:"schemas"`
		Status   string   `json:"status"`
		ScimType string   `json:"scimType,omitempty"`
		Detail   string   `json:"detail"`
	}{[]string{"urn:ietf:params:scim:api:messages:2.0:Error"}, fmt.Sprint(complete.Status), complete.ScimType, complete.Detail})
	if err != nil {
		panic(err) // No text is without JSON.
	}
	return text
}

// tell puts the refusal into a decision.
func (r *Refusal) tell(decision *C.scimdb_decision) {
	complete := r.complete()
	typePtr, typeLen := optional(complete.ScimType)
	detailPtr, detailLen := text(complete.Detail)
	C.scimdb_decision_refuse(decision, C.int32_t(complete.Status), typePtr, typeLen, detailPtr, detailLen)
}

// hostFailed is what clients are told of a failure that is none of their business.
func hostFailed() *Refusal {
	return &Refusal{Status: 500, Detail: "the host of the store failed to look at this write"}
}

// SetHooks sets the hooks of the store in place of those that were set before; nil: none. Writes that are under way may
// still see the former ones. The store keeps a copy of the struct. Where processes share a store ([Options.Share]), each sets
// the same hooks, right after Open.
func (s *Store) SetHooks(hooks *Hooks) error {
	f := newFrame()
	defer f.free()
	var code C.scimdb_code
	if hooks == nil || hooks.BeforeWrite == nil && hooks.AfterCommit == nil {
		code = C.scimdb_go_set_hooks(s.db, 0, 0, 0, &f.c.err)
	} else {
		kept := *hooks
		code = C.scimdb_go_set_hooks(s.db, flag(kept.BeforeWrite != nil), flag(kept.AfterCommit != nil),
			C.uintptr_t(cgo.NewHandle(&kept)), &f.c.err)
	}
	if code != C.SCIMDB_OK {
		return s.checked(f.failure(code))
	}
	return nil
}

// before asks the hook, and tells its decision.
func (h *Hooks) before(text []byte, decision *C.scimdb_decision) C.scimdb_code {
	proposal := Proposal{decision: decision}
	err := json.Unmarshal(text, &proposal.Write)
	if err == nil {
		err = h.BeforeWrite(proposal.settled())
	}
	// Whoever kept it has nothing to decide any more.
	proposal.decision = nil
	if err == nil {
		return C.SCIMDB_OK
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		h.report("the before-write hook failed", "error", err)
		refusal = hostFailed()
	}
	refusal.tell(decision)
	return C.SCIMDB_INVALID_VALUE
}

// after tells the hook.
func (h *Hooks) after(text []byte) {
	var write Write
	if err := json.Unmarshal(text, &write); err != nil {
		h.report("the library told a write that cannot be read", "error", err)
		return
	}
	write.settle()
	h.AfterCommit(&write)
}

// settle makes what is null nil.
func (w *Write) settle() {
	for _, text := range []*json.RawMessage{&w.Before, &w.After} {
		if string(*text) == "null" {
			*text = nil
		}
	}
}

func (p *Proposal) settled() *Proposal {
	p.settle()
	return p
}

// report logs what went wrong in a hook.
func (h *Hooks) report(message string, arguments ...any) { report(h.ErrorLog, message, arguments...) }

// report logs what went wrong in a function of the host.
func report(logger *slog.Logger, message string, arguments ...any) {
	if logger == nil {
		logger = slog.Default()
	}
	logger.Error("scimdb: "+message, arguments...)
}

func flag(is bool) C.int {
	if is {
		return 1
	}
	return 0
}
