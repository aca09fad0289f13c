// Command people is a small product with a table of people of its own, which an identity provider keeps up to date by SCIM.
//
//	SCIM_TOKEN=secret people --port 8080 --data DIR [--people FILE]
package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	scimdb "github.com/scimdb/scimdb/bindings/go"
)

func main() {
	port := flag.Int("port", 8080, "the port on loopback; 0: any")
	data := flag.String("data", "data", "where everything is kept")
	file := flag.String("people", "", "the table's file; people.json in the data by default")
	flag.Parse()
	token := os.Getenv("SCIM_TOKEN")
	if token == "" {
		log.Fatal("SCIM_TOKEN is what the identity provider authenticates with: set it")
	}
	if *file == "" {
		*file = filepath.Join(*data, "people.json")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *port, *data, *file, token); err != nil {
		log.Fatal(err)
	}
}

// run serves until the context is done.
func run(ctx context.Context, port int, data, file, token string) (err error) {
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	store, err := scimdb.Open(filepath.Join(data, "scim"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	tenant := store.Tenant("default")
	table, err := openTable(file, tenant)
	if err != nil {
		return err
	}
	// What was written when nobody looked: the table may be older than the store.
	if err := table.CatchUp(ctx); err != nil {
		return err
	}
	err = store.SetHooks(&scimdb.Hooks{BeforeWrite: admit, AfterCommit: func(*scimdb.Write) {
		if err := table.CatchUp(context.Background()); err != nil {
			log.Printf("the table is behind: %v", err)
		}
	}})
	if err != nil {
		return err
	}
	return serve(ctx, port, routes(tenant, table, token))
}

// admit is what this product asks of a user: an address of its own domain. Everybody is an employee who is nothing else.
func admit(p *scimdb.Proposal) error {
	if p.ResourceType != "User" || p.After == nil {
		return nil
	}
	user, err := scimdb.As[struct{ UserName, UserType string }](p.After, nil)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(user.UserName, "@example.com") {
		return scimdb.Refuse("userName must end in @example.com")
	}
	if user.UserType == "" {
		return p.Set(map[string]string{"userType": "Employee"})
	}
	return nil
}

// routes are the SCIM endpoint and the product's own.
func routes(tenant *scimdb.Tenant, table *Table, token string) http.Handler {
	wanted := sha256.Sum256([]byte("Bearer " + token))
	endpoint := tenant.Handler(&scimdb.HandlerOptions{Authorize: func(r *http.Request) (scimdb.Caller, error) {
		given := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
			return scimdb.Caller{}, &scimdb.Refusal{Status: http.StatusUnauthorized, Detail: "this token is not known"}
		}
		return scimdb.Caller{Actor: "identity provider"}, nil
	}})
	mux := http.NewServeMux()
	mux.Handle("/scim/v2/", http.StripPrefix("/scim/v2", endpoint))
	mux.HandleFunc("GET /people", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(table.People()); err != nil {
			log.Print(err)
		}
	})
	return mux
}

// serve answers requests until the context is done, and those that are under way to their end.
func serve(ctx context.Context, port int, handler http.Handler) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(drain)
	}()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
