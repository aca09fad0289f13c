// Command driver runs the corpus by grpc-go: `cargo test --test drive -- --grpc DRIVER`.
//
// One request a line on standard input, one answer a line on standard output: tests/drive says which. The server is at
// SCIMDB_ADDRESS, and wants the token SCIMDB_TOKEN.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	clients "github.com/scimdb/scimdb/tests/clients/go"
)

// asked is a request of the runner.
type asked struct {
	Op        string          `json:"op"`
	Name      string          `json:"name"`
	Tenant    string          `json:"tenant"`
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	JSON      string          `json:"json"`
	Request   string          `json:"request"`
	Documents json.RawMessage `json:"documents"`
	Chunks    []string        `json:"chunks"`
	Since     uint64          `json:"since"`
	Max       int             `json:"max"`
	Options   options         `json:"options"`
}

// options are those of any request.
type options struct {
	Profile            json.RawMessage `json:"profile"`
	Attributes         []string        `json:"attributes"`
	ExcludedAttributes []string        `json:"excludedAttributes"`
	IfMatch            string          `json:"ifMatch"`
	IfNoneMatch        string          `json:"ifNoneMatch"`
	ID                 string          `json:"id"`
	ResourceType       string          `json:"resourceType"`
	OnConflict         string          `json:"onConflict"`
	Restore            bool            `json:"restore"`
	Scope              string          `json:"scope"`
	LifetimeSeconds    int64           `json:"lifetimeSeconds"`
	Subject            *string         `json:"subject"`
}

// answered is an answer: one of its members is there.
type answered struct {
	OK          any    `json:"ok,omitempty"`
	Error       *fault `json:"error,omitempty"`
	Unsupported bool   `json:"unsupported,omitempty"`
}

// fault is what a status tells of an error.
type fault struct {
	Code      *int    `json:"code"`
	Name      string  `json:"name"`
	Status    int     `json:"status"`
	ScimType  *string `json:"scimType"`
	Detail    string  `json:"detail"`
	Attribute *string `json:"attribute"`
	Offset    *int    `json:"offset"`
	Retriable *bool   `json:"retriable"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(input io.Reader, output io.Writer) error {
	scim, err := clients.Dial(os.Getenv("SCIMDB_ADDRESS"), os.Getenv("SCIMDB_TOKEN"))
	if err != nil {
		return err
	}
	defer scim.Close()
	answers := json.NewEncoder(output)
	answers.SetEscapeHTML(false)
	lines := bufio.NewReader(input)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		var request asked
		if err := json.Unmarshal(line, &request); err != nil {
			return err
		}
		answer, err := answer(context.Background(), scim, &request)
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
}

// answer carries a request out. The error is the driver's own, not one of the store.
func answer(ctx context.Context, scim *clients.Scim, request *asked) (*answered, error) {
	operation, ok := operations[request.Op]
	if !ok {
		return &answered{Unsupported: true}, nil
	}
	told, err := operation(ctx, scim, request)
	if err == nil {
		return &answered{OK: told}, nil
	}
	refusal, err := clients.AsRefusal(err)
	if err != nil {
		return nil, err
	}
	return &answered{Error: &fault{
		Name:      refusal.Reason,
		Status:    refusal.HTTPStatus,
		ScimType:  refusal.ScimType,
		Detail:    refusal.Detail,
		Attribute: refusal.Attribute,
		Offset:    refusal.Offset,
	}}, nil
}
