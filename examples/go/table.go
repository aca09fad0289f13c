package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

// A Person is a row of the table.
type Person struct {
	ID          string  `json:"id"`
	UserName    string  `json:"userName"`
	DisplayName *string `json:"displayName"`
	Active      bool    `json:"active"`
}

// UnmarshalJSON reads a row or a user: whoever is not said to be inactive is active.
func (p *Person) UnmarshalJSON(text []byte) error {
	type plain Person
	row := plain{Active: true}
	if err := json.Unmarshal(text, &row); err != nil {
		return err
	}
	*p = Person(row)
	return nil
}

// A Table is the product's own people, by their ids. The change log of the store tells what they are to become.
type Table struct {
	file, mark string
	tenant     *scimdb.Tenant

	mu     sync.Mutex
	people map[string]Person
	// seen is the last change that is in the table.
	seen uint64
}

// openTable reads a table from its file; an empty one if there is none.
func openTable(file string, tenant *scimdb.Tenant) (*Table, error) {
	table := &Table{file: file, mark: file + ".sequence", tenant: tenant, people: map[string]Person{}}
	var rows []Person
	if err := readJSON(file, &rows); err != nil {
		return nil, err
	}
	if err := readJSON(table.mark, &table.seen); err != nil {
		return nil, err
	}
	for _, row := range rows {
		table.people[row.ID] = row
	}
	return table, nil
}

// People are the rows, sorted by userName.
func (t *Table) People() []Person {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sorted()
}

func (t *Table) sorted() []Person {
	// Not nil: an empty table is an empty array.
	people := slices.AppendSeq([]Person{}, maps.Values(t.people))
	slices.SortFunc(people, func(a, b Person) int { return cmp.Compare(a.UserName, b.UserName) })
	return people
}

// CatchUp takes into the table what changed since it did so last, and writes it down. It may be called as often as one likes,
// and again after it failed: what counts is the store as it is now.
func (t *Table) CatchUp(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		changes, err := t.tenant.Changes(ctx, t.seen, 1000, 0)
		if errors.Is(err, scimdb.ErrOutOfRange) {
			if err := t.readAll(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if len(changes.Changes) == 0 {
			return nil
		}
		for _, change := range changes.Changes {
			if change.ResourceType != "User" {
				continue
			}
			if err := t.take(ctx, change.ID); err != nil {
				return err
			}
		}
		if err := t.save(changes.Last); err != nil {
			return err
		}
	}
}

// take makes a row what the store says now.
func (t *Table) take(ctx context.Context, id string) error {
	person, err := scimdb.As[Person](t.tenant.Get(ctx, "User", id, nil))
	switch {
	case errors.Is(err, scimdb.ErrNotFound):
		delete(t.people, id)
	case err != nil:
		return err
	default:
		t.people[id] = person
	}
	return nil
}

// readAll begins anew, for when the change log does not reach back.
func (t *Table) readAll(ctx context.Context) error {
	stats, err := t.tenant.Store().Stats(ctx)
	if err != nil {
		return err
	}
	people := map[string]Person{}
	for row, err := range t.tenant.Iterate(ctx, "User", nil) {
		person, err := scimdb.As[Person](row, err)
		if err != nil {
			return err
		}
		people[person.ID] = person
	}
	// What changed while they were read is looked at again.
	t.people = people
	return t.save(stats.Sequence)
}

// save writes the table, and then how far it is: if it ends in between, changes are taken twice, which does no harm.
func (t *Table) save(seen uint64) error {
	if err := writeJSON(t.file, t.sorted()); err != nil {
		return err
	}
	if err := writeJSON(t.mark, seen); err != nil {
		return err
	}
	t.seen = seen
	return nil
}

// readJSON reads a file, if there is one.
func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeJSON puts a file in place of an earlier one, in one step. What it was writing when it was killed, it overwrites.
func writeJSON(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
