// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Seed is the first argument, a []byte, of a fuzzer's seed in testdata.
func Seed(t testing.TB, fuzzer, name string) []byte {
	t.Helper()
	path := filepath.Join("testdata", "fuzz", fuzzer, name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 2 || lines[0] != "go test fuzz v1" {
		t.Fatalf("%s is not a seed", path)
	}
	literal, ok := strings.CutPrefix(lines[1], "[]byte(")
	value, err := strconv.Unquote(strings.TrimSuffix(literal, ")"))
	if err != nil || !ok {
		t.Fatalf("%s begins with %q: %v", path, lines[1], err)
	}
	return []byte(value)
}
