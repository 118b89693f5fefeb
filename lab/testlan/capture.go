// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Capture is a message of a public capture by its facts, as testdata/captures.txt has them.
//
// Facts are fields "key=value" of the header and the options in the order of the wire, apart by
// blanks. An option is code=value, or code/length=value if its length is not that of its value.
// Bytes that are no option stand as they are. A value is parts that are joined by "+":
//
//	192.0.2.1  2001:db8::1  an address        s3600  a time in seconds, of four bytes
//	~lan.example            a name of DNS     'a_b'  text; _ is a blank
//	*7  .7                  a filler, zeros   c001   hexadecimal; 00x9: a byte nine times
//	[1=*4,ff]               options
type Capture struct {
	Source string // repository and path
	Facts  []string
	Want   string // what the parser finds, or its error
}

// Captures reads captures.txt in dir.
func Captures(t testing.TB, dir string) (all []Capture) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "captures.txt"))
	if err != nil {
		t.Fatal(err)
	}
	source := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if from, ok := strings.CutPrefix(line, "from "); ok {
			source = from
		} else if want, ok := strings.CutPrefix(line, "> "); ok && len(all) > 0 {
			all[len(all)-1].Want = want
		} else if line != "" && line[0] != '#' {
			all = append(all, Capture{Source: source, Facts: messages(line)})
		}
	}
	if len(all) == 0 {
		t.Fatal("no captures")
	}
	return all
}

// messages leaves out how many of the messages there were.
func messages(line string) []string {
	facts := strings.Fields(line)
	if strings.HasSuffix(facts[0], "x") {
		return facts[1:]
	}
	return facts
}

// Field returns the value of a fact of the header; "" if there is none.
func (c Capture) Field(key string) string {
	for _, fact := range c.Facts {
		if v, ok := strings.CutPrefix(fact, key+"="); ok {
			return v
		}
	}
	return ""
}
