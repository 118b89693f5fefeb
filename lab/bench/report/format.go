// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Table is a table in Markdown, its first column text and the others figures.
type Table struct {
	Head []string
	Rows [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// WriteTo writes it, and an empty line after it.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	line(&b, t.Head)
	b.WriteString("|---" + strings.Repeat("|---:", len(t.Head)-1) + "|\n")
	for _, row := range t.Rows {
		line(&b, row)
	}
	b.WriteByte('\n')
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func line(b *strings.Builder, cells []string) {
	for _, c := range cells {
		b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
	}
	b.WriteString("|\n")
}

// none stands for what was not measured.
const none = "–"

// Figure is f with three digits that count, and commas in thousands.
func Figure(f float64) string {
	a := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return none
	case a == 0:
		return "0"
	case a < 0.01:
		return fmt.Sprintf("%.3f", f)
	case a < 9.995:
		return fmt.Sprintf("%.2f", f)
	case a < 99.95:
		return fmt.Sprintf("%.1f", f)
	}
	return Count(int(math.Round(f)))
}

// Count is n with commas in thousands.
func Count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Measured is n, which is 0 where it was not measured.
func Measured(n int) string {
	if n == 0 {
		return none
	}
	return Count(n)
}

// Ratio is a to b: 1.46×.
func Ratio(a, b float64) string {
	if r := a / b; !math.IsNaN(r) {
		return Figure(r) + "×"
	}
	return none
}
