// Command bench measures what a get and a search cost through this package: bench USERS.ndjson, of lines of JSON, Users with ids.
// It prints a line of JSON for each form of the calls, with the median, over batches, of nanoseconds per call: first with
// requests and answers as text, then with a SearchRequest and with answers that As decodes.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"time"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

const (
	gets     = 100_000
	searches = 20_000
	batch    = 500
)

// user is what a host would decode.
type user struct {
	ID, UserName, DisplayName string
	Active                    bool
	Emails                    []struct{ Type, Value string }
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: bench USERS.ndjson")
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, path string) error {
	rows, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var ids []string
	var requests []scimdb.SearchRequest
	var encoded [][]byte
	for row := range bytes.Lines(rows) {
		known, err := scimdb.As[user](row, nil)
		if err != nil {
			return err
		}
		literal, err := json.Marshal(known.UserName)
		if err != nil {
			return err
		}
		request := scimdb.SearchRequest{Filter: "userName eq " + string(literal), Count: scimdb.Ptr(1)}
		text, err := json.Marshal(request)
		if err != nil {
			return err
		}
		ids, requests, encoded = append(ids, known.ID), append(requests, request), append(encoded, text)
	}
	store, err := scimdb.Open(":memory:", nil)
	if err != nil {
		return err
	}
	defer store.Close()
	tenant := store.Tenant("default")
	report, err := tenant.Import(ctx, bytes.NewReader(rows), &scimdb.ImportOptions{ResourceType: "User"})
	if err != nil {
		return err
	}
	if report.Created != uint64(len(ids)) {
		return fmt.Errorf("%d of %d rows were imported", report.Created, len(ids))
	}
	err = tell("", func(n int) error {
		_, err := tenant.Get(ctx, "User", ids[n%len(ids)], nil)
		return err
	}, func(n int) error {
		_, err := tenant.Search(ctx, "User", encoded[n%len(encoded)])
		return err
	})
	if err != nil {
		return err
	}
	return tell("value", func(n int) error {
		_, err := scimdb.As[user](tenant.Get(ctx, "User", ids[n%len(ids)], nil))
		return err
	}, func(n int) error {
		_, err := scimdb.As[scimdb.ListResponse[user]](tenant.Search(ctx, "User", requests[n%len(requests)]))
		return err
	})
}

// tell measures a form of the calls, and prints its line.
func tell(form string, get, search func(n int) error) error {
	line := struct {
		Language string `json:"language"`
		Form     string `json:"form,omitempty"`
		Get      int64  `json:"get_ns"`
		Search   int64  `json:"search_ns"`
	}{Language: "go", Form: form}
	var err error
	if line.Get, err = median(gets, get); err != nil {
		return err
	}
	if line.Search, err = median(searches, search); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(line)
}

// median makes calls, after a tenth of them to warm up, and tells the nanoseconds of one.
func median(calls int, call func(n int) error) (int64, error) {
	var batches []int64
	for first := -calls / 10; first < calls; first += batch {
		began := time.Now()
		for n := range batch {
			if err := call(n + first + calls/10); err != nil {
				return 0, err
			}
		}
		if first >= 0 {
			batches = append(batches, time.Since(began).Nanoseconds()/batch)
		}
	}
	slices.Sort(batches)
	return batches[len(batches)/2], nil
}
