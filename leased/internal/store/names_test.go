// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strings"
	"testing"
)

// Only files that leased has named are read, set aside or removed.
func TestNames(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("0123456789abcdef", 2)
	for name, want := range map[string]string{
		digest + ".json":                  "record",
		digest + ".json.bad":              "aside",
		digest + ".json.part":             "part",
		digest + ".json.7.part":           "part",
		digest + ".json.12.part":          "part",
		digest + ".json.part.bad":         "",
		digest + ".json..part":            "",
		digest + ".json.-1.part":          "",
		digest + ".json.1.2.part":         "",
		digest + ".json.1part":            "",
		digest + ".json.1.part\n":         "",
		digest + ".json\n":                "",
		digest + ".part":                  "",
		digest:                            "",
		digest + "0.json":                 "",
		digest[1:] + ".json":              "",
		digest[1:] + "G.json":             "",
		"x" + digest[1:] + ".json":        "",
		strings.ToUpper(digest) + ".json": "",
		"." + digest + ".json":            "",
		".json":                           "",
		"":                                "",
	} {
		got := ""
		for kind, is := range map[string]func(string) bool{"record": isRecord, "aside": isAside, "part": isPart} {
			if is(name) {
				got += kind
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
