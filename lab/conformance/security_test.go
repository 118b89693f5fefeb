// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"os"
	"regexp"
	"testing"
)

// Each test that SECURITY.md names as the one that shows a promise exists.
func TestSecurityPageNamesTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(top + "/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, n := module(t), 0
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(string(page), -1) {
		if !named(m[1]) {
			continue
		}
		n++
		if !tests.has(m[1]) {
			t.Errorf("SECURITY.md names %s, which does not exist", m[1])
		}
	}
	if n < 30 {
		t.Errorf("SECURITY.md names %d tests", n)
	}
}
