// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"
	"testing"
)

// ours are tests to name, and words in them.
var ours = catalogue{"lease": {
	tests: map[string]bool{"TestTable": true, "FuzzMachine": true, "helper": true},
	words: map[string]bool{"BOUND": true, "timer due": true, "of a /30": true},
}}

func TestWhatIsWrongWithARowIsSaid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1 | a\n\tlease.TestTable":                      "",
		"1 | a\n\tlease.TestTable\n\tlease.FuzzMachine": "",
		"1 | a\n\tlease.TestTable/BOUND/timer due":      "",
		"1 | a\n\tlease.TestTable/of a /30":             "",
		"1 | a\n\tlease.TestTable/BOUND/of a /30":       "",
		"1 | a\n\tlease.TestTable/of a /31":             "of a /31, which does not exist",
		"1 | a\n\tdeviation: a reason":                  "",
		"1 | a\n\tpending: lease.TestOther/BOUND":       "",
		"1 | a":                                               "is empty",
		" | a\n\tlease.TestTable":                             "is empty",
		"1 | a\n\tlease.TestOther":                            "lease.TestOther, which does not exist",
		"1 | a\n\tlease.TestTable/RENEWING":                   "TestTable/RENEWING, which does not exist",
		"1 | a\n\tlease.TestTable/BOUND/timer early":          "early, which does not exist",
		"1 | a\n\tlease.TestTable/RENEWING/BOUND":             "BOUND, which does not exist",
		"1 | a\n\tlease.helper":                               "lease.helper, which does not exist",
		"1 | a\n\twire.TestTable":                             "wire.TestTable, which does not exist",
		"1 | a\n\tTestTable":                                  "TestTable, which does not exist",
		"1 | a\n\tlease.TestTable\n\tlease.TestOther":         "lease.TestOther",
		"1 | a\n\tpending:":                                   "names nothing",
		"1 | a\n\tdeviation:  ":                               "names nothing",
		"1 | a\n\tpending: later":                             "is no test's name",
		"1 | a\n\tdeviation: a reason\n\tlease.TestOther":     "which does not exist",
		"1 | a\n\tpending: lease.TestNew\n\tlease.TestOther ": "which does not exist",
	} {
		tables, err := read(strings.NewReader("== A table\n" + text))
		if err != nil || len(tables) != 1 || len(tables[0].rows) != 1 {
			t.Errorf("%q is read as %+v, %v", text, tables, err)
			continue
		}
		got := strings.Join(tables[0].rows[0].wrong(ours), ", ")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1 | a", "== A table\n1 | ", "== A table\n\tlease.TestTable", "== A table\n1 | a\nlease.TestTable", "lease.TestTable"} {
		if tables, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read as %+v", text, tables)
		}
	}
}

// Tests behind the lab's build tag count; what is no test does not.
func TestAllTestsAreFound(t *testing.T) {
	t.Parallel()
	tests := module(t)
	for name, want := range map[string]bool{
		"e2e.TestBridge":                                  true,
		"lease4.FuzzMachine":                              true,
		"full.TestScripts/info":                           true,
		"full.TestScripts/nothing":                        false,
		"conformance.TestAllTestsAreFound":                true,
		"conformance.TestMain":                            false,
		"wire.TestMain":                                   false,
		"conformance.module":                              false,
		"conformance.TestWhatIsWrongWithARowIsSaid/BOUND": true,
	} {
		if tests.has(name) != want {
			t.Errorf("%s: found is %v", name, !want)
		}
	}
}

func TestPageHasEverything(t *testing.T) {
	t.Parallel()
	text := "# not this\n== One\nAbout\nit.\n\n1 | a or|b\n\tlease.TestTable\n\tdeviation: why\n== Two\n2 | c\n\tpending: lease.TestNew\n"
	tables, err := read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := preface + "\n## One\nAbout\nit.\n\n| | required | shown by |\n|---|---|---|\n" +
		"| 1 | a or\\|b | `lease.TestTable`<br>*deviation:* why |\n" +
		"\n## Two\n| | required | shown by |\n|---|---|---|\n| 2 | c | *pending:* `lease.TestNew` |\n"
	if got := page(tables); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
