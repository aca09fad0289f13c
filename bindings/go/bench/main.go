// Command bench measures what a get and a search cost through this package: bench USERS.ndjson, of lines of JSON, Users with ids.
// It prints a line of JSON with the median, over batches, of nanoseconds per call.
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
	var requests [][]byte
	for row := range bytes.Lines(rows) {
		var user struct{ ID, UserName string }
		if err := json.Unmarshal(row, &user); err != nil {
			return err
		}
		literal, err := json.Marshal(user.UserName)
		if err != nil {
			return err
		}
		request, err := json.Marshal(scimdb.SearchRequest{Filter: "userName eq " + string(literal), Count: scimdb.Ptr(1)})
		if err != nil {
			return err
		}
		ids, requests = append(ids, user.ID), append(requests, request)
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
	get, err := median(gets, func(n int) error {
		_, err := tenant.Get(ctx, "User", ids[n%len(ids)], nil)
		return err
	})
	if err != nil {
		return err
	}
	search, err := median(searches, func(n int) error {
		_, err := tenant.Search(ctx, "User", requests[n%len(requests)])
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf(`{"language":"go","get_ns":%d,"search_ns":%d}`+"\n", get, search)
	return nil
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
