package scimdb

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The numbers are written down twice: here, and in the header.
func TestCodesAreThoseOfTheHeader(t *testing.T) {
	folder, err := exec.Command("pkg-config", "--variable=includedir", "scimdb").Output()
	if err != nil {
		t.Fatal(err)
	}
	header, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "scimdb.h"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[Code]string{}
	for _, match := range regexp.MustCompile(`(?m)^#define SCIMDB_([A-Z_]+) (\d+)$`).FindAllStringSubmatch(string(header), -1) {
		number, err := strconv.Atoi(match[2])
		if err != nil {
			t.Fatal(err)
		}
		switch name := match[1]; name {
		case "OK", "DONE", "ABI_VERSION", "VERSION_MAJOR", "VERSION_MINOR", "VERSION_PATCH":
		default:
			found[Code(number)] = name
		}
	}
	for code, name := range found {
		if codeNames[code] != name {
			t.Errorf("%s is %d in the header, which is %q here", name, code, codeNames[code])
		}
	}
	if len(found) != len(codeNames) {
		t.Errorf("%d codes in the header, %d here", len(found), len(codeNames))
	}
	if got := Code(1234).String(); got != "CODE_1234" {
		t.Errorf("an unknown code is %q", got)
	}
}
