// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// table is one of the page's.
type table struct {
	title, about string
	rows         []row
}

// row is something that leased has to show.
type row struct {
	key, what string
	evidence  []evidence
}

// kind is what a line of evidence is.
type kind int

const (
	_         kind = iota
	shown          // by a test that there is
	pending        // by one that is still to be written
	deviation      // not done as required, and why
)

func (k kind) String() string {
	switch k {
	case shown:
		return "shown"
	case pending:
		return "pending"
	case deviation:
		return "deviation"
	}
	return "invalid"
}

// evidence is the name of a test, or the reason of a deviation.
type evidence struct {
	kind kind
	text string
}

func evidenceOf(line string) evidence {
	for _, k := range []kind{pending, deviation} {
		if text, ok := strings.CutPrefix(line, k.String()+":"); ok {
			return evidence{k, strings.TrimSpace(text)}
		}
	}
	return evidence{shown, line}
}

// read reads a file of rows.
func read(r io.Reader) (tables []table, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if tables, err = add(tables, strings.TrimRight(lines.Text(), " \t")); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return tables, lines.Err()
}

// add adds a line to what was read before it.
func add(tables []table, line string) ([]table, error) {
	if line == "" || line[0] == '#' {
		return tables, nil
	}
	if title, ok := strings.CutPrefix(line, "== "); ok {
		return append(tables, table{title: title}), nil
	}
	if len(tables) == 0 {
		return nil, fmt.Errorf("%q is in no table", line)
	}
	return tables, tables[len(tables)-1].add(line)
}

func (t *table) add(line string) error {
	if text, ok := strings.CutPrefix(line, "\t"); ok {
		if len(t.rows) == 0 {
			return fmt.Errorf("%q is of no row", text)
		}
		last := &t.rows[len(t.rows)-1]
		last.evidence = append(last.evidence, evidenceOf(text))
		return nil
	}
	key, what, ok := strings.Cut(line, " | ")
	switch {
	case ok:
		t.rows = append(t.rows, row{key: key, what: what})
	case len(t.rows) == 0 && !strings.Contains(line, "|"):
		t.about = strings.TrimSpace(t.about + "\n" + line)
	default:
		return fmt.Errorf("%q is neither a row (KEY | WHAT) nor a test behind a tab", line)
	}
	return nil
}

// wrong says what is wrong with a row, given the tests that there are.
func (r row) wrong(tests catalogue) (all []string) {
	if r.key == "" || r.what == "" || len(r.evidence) == 0 {
		all = append(all, "is empty")
	}
	for _, e := range r.evidence {
		switch {
		case e.text == "":
			all = append(all, "has a line that names nothing")
		case e.kind == shown && !tests.has(e.text):
			all = append(all, fmt.Sprintf("names %s, which does not exist", e.text))
		case e.kind == pending && !named(e.text):
			all = append(all, fmt.Sprintf("waits for %s, which is no test's name", e.text))
		}
	}
	return all
}
