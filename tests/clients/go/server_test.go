package clients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	clients "github.com/scimdb/scimdb/tests/clients/go"
	scimdb "github.com/scimdb/scimdb/tests/clients/go/scimdbv1"
)

// patience is how long anything may take: far longer than it does.
const patience = time.Minute

var (
	address   string
	tenants   atomic.Int64
	listening = regexp.MustCompile(`listening on http://(\S+)`)
)

// TestMain starts the binary that SCIMDB_BIN names as a server for all tests.
func TestMain(m *testing.M) {
	code, err := serve(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func serve(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "scimdb-go-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	server := exec.Command(os.Getenv("SCIMDB_BIN"), "serve", "--store", filepath.Join(folder, "store"), "--address", "127.0.0.1:0")
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "SCIMDB_") {
			server.Env = append(server.Env, setting)
		}
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return 1, err
	}
	defer log.Close()
	server.Stderr = log
	output, err := server.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := server.Start(); err != nil {
		return 1, err
	}
	defer func() {
		stopped := server.Process.Signal(syscall.SIGTERM)
		if err == nil {
			err = stopped
		}
		if ended := server.Wait(); err == nil {
			err = ended
		}
	}()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
			return m.Run(), nil
		}
	}
	return 1, fmt.Errorf("the server did not start: %w", lines.Err())
}

// client gives a client, a new tenant of its own, and a context that ends with the test.
func client(t *testing.T) (context.Context, *clients.Scim, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	scim, err := clients.Dial(address, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scim.Close(); err != nil {
			t.Error(err)
		}
	})
	tenant := fmt.Sprintf("tenant-%d", tenants.Add(1))
	if _, err := scim.Admin.CreateTenant(ctx, &scimdb.CreateTenantRequest{Tenant: tenant}); err != nil {
		t.Fatal(err)
	}
	return ctx, scim, tenant
}

// create makes a User, and gives its id.
func create(ctx context.Context, t *testing.T, scim *clients.Scim, tenant, userName string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"schemas": []string{clients.UserSchema}, "userName": userName})
	if err != nil {
		t.Fatal(err)
	}
	request := &scimdb.CreateRequest{Tenant: tenant, ResourceType: "User", Json: string(body)}
	made, err := scim.Resources.Create(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	return made.Resource.Id
}
