// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strings"
)

const preface = `<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by go generate ./lab/conformance from lab/conformance/rows; edit there. -->
# Requirements for leased, and the tests that show them
` + "`package.Test/case`" + ` is a test, or a case of its table. lab/conformance checks that each test exists. In a row that says
*deviation*, leased does something else on purpose, and the test shows what it does instead.
`

// page is leased/CONFORMANCE.md.
func page(tables []table) string {
	var b strings.Builder
	b.WriteString(preface)
	for _, t := range tables {
		fmt.Fprintf(&b, "\n## %s\n", t.title)
		if t.about != "" {
			fmt.Fprintf(&b, "%s\n\n", t.about)
		}
		b.WriteString("| | required | shown by |\n|---|---|---|\n")
		for _, r := range t.rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(r.key), cell(r.what), r.proof())
		}
	}
	return b.String()
}

// proof is a row's last cell.
func (r row) proof() string {
	var all []string
	for _, e := range r.evidence {
		switch e.kind {
		case shown:
			all = append(all, "`"+cell(e.text)+"`")
		case pending:
			all = append(all, "*pending:* `"+cell(e.text)+"`")
		case deviation:
			all = append(all, "*deviation:* "+cell(e.text))
		}
	}
	return strings.Join(all, "<br>")
}

// cell keeps a text in its cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
