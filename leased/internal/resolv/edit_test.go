// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// names reads "192.0.2.1 192.0.2.2 / a.example b.example".
func names(text string) (n Names) {
	servers, search, _ := strings.Cut(text, "/")
	for s := range strings.FieldsSeq(servers) {
		n.Servers = append(n.Servers, netip.MustParseAddr(s))
	}
	n.Search = strings.Fields(search)
	return n
}

var digit = regexp.MustCompile(`\b[1-9]\b`)

// spell spells out what TestEdit's texts have short.
func spell(s string) string {
	s = digit.ReplaceAllString(s, "192.0.2.$0")
	return strings.NewReplacer("ns ", "nameserver ", "|", "\n").Replace(s)
}

// In the texts 1 to 9 are servers, and | ends a line.
func TestEdit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, old, now, want string }{
		"another server":         {"ns 1|", "1", "2", "ns 2|"},
		"two for two":            {"ns 1|ns 2|", "1 2", "3 4", "ns 3|ns 4|"},
		"one more":               {"ns 1|", "1", "1 2", "ns 1|ns 2|"},
		"one more, done already": {"ns 1|ns 2|", "1", "1 2", "ns 1|ns 2|"},
		"one less":               {"ns 1|ns 2|", "1 2", "2", "ns 2|"},
		"one less, done already": {"ns 2|", "1 2", "2", "ns 2|"},
		"done already":           {"ns 2|", "1", "2", "ns 2|"},
		"the same still":         {"nameserver \t1 |", "1 / a", "1 / b", "nameserver \t1 |"},
		"none any more":          {"x|ns 1|", "1", "", "x|"},
		"none, done already":     {"x|", "1", "", "x|"},
		"none, others there":     {"ns 1|ns 9|", "1", "", "ns 9|"},
		"none before":            {"x|", "", "1", "x|ns 1|"},
		"none before, no end":    {"x", "", "1", "x|ns 1|"},
		"none before, empty":     {"", "", "1", "ns 1|"},
		"never ours":             {"ns 9|", "", "1", "ns 9|"},
		"never ours, odd":        {"ns 9 # mine|", "", "1", "ns 9 # mine|"},
		"none any more, no end":  {"ns 1|ns 2", "1 2", " / a", "search a|"},
		"nothing of servers":     {"x", "", " / a", "x|search a|"},
		"others around":          {"ns 7|ns 1|ns 2|ns 8|", "1 2", "3", "ns 7|ns 3|ns 8|"},
		"lines around":           {"# c|;|options x|ns 1|bogus|", "1", "2", "# c|;|options x|ns 2|bogus|"},
		"no end":                 {"x|ns 1", "1", "2", "x|ns 2"},
		"tabs and blanks":        {"nameserver \t1\t|", "1", "2", "ns 2|"},
		"longer form of IPv6":    {"nameserver 2001:DB8:0::ff|", "2001:db8::ff", "1", "ns 1|"},

		"edited":                    {"ns 9|", "1", "2", "error"},
		"edited, all gone":          {"x|", "1", "2", "error"},
		"edited, the order":         {"ns 2|ns 1|", "1 2", "3", "error"},
		"edited, one of two":        {"ns 1|", "1 2", "3", "error"},
		"edited, one between":       {"ns 1|ns 9|ns 2|", "1 2", "3", "error"},
		"edited, a comment between": {"ns 1|#|ns 2|", "1 2", "3", "error"},
		"edited, a comment":         {"#ns 1|# nameserver 1|", "1", "2", "error"},
		"edited, a remark":          {"ns 1 # home|", "1", "2", "error"},
		"edited, not first column":  {" nameserver 1|", "1", "2", "error"},
		"edited, CRLF":              {"ns 1\r|", "1", "2", "error"},
		"edited, not two words":     {"nameserver1|nameserver|", "1", "2", "error"},
		"edited, so is the search":  {"search a|ns 9|", "1 / a", "1 / b", "error"},

		"another search":              {"search a|ns 1|", "1 / a", "2 / b c", "search b c|ns 2|"},
		"search only":                 {"search a|ns 1|", "1 / a", "1 / b", "search b|ns 1|"},
		"search of several":           {"search h a b i|ns 1|", "1 / a b", "1 / c", "search h c i|ns 1|"},
		"search grown, done already":  {"search a b|ns 1|", "1 / a", "1 / a b", "search a b|ns 1|"},
		"search gone":                 {"search a|ns 1|", "1 / a", "1", "ns 1|"},
		"search gone, others there":   {"search a h|ns 1|", "1 / a", "1", "search h|ns 1|"},
		"search new":                  {"# c|ns 1|", "1", "1 / a b", "# c|search a b|ns 1|"},
		"search new, above others":    {"ns 9|ns 1|", "1", "2 / a", "search a|ns 9|ns 2|"},
		"search new, the user's own":  {"search h|ns 1|", "1", "2 / a", "search h|ns 2|"},
		"search new, a domain":        {"domain h|ns 1|", "1", "2 / a", "domain h|ns 2|"},
		"search of the user":          {"search h|ns 1|", "1 / a", "2 / b", "search h|ns 2|"},
		"search removed by the user":  {"ns 1|", "1 / a", "2 / b", "ns 2|"},
		"search in two parts":         {"search a h b|ns 1|", "1 / a b", "2 / c", "search a h b|ns 2|"},
		"search, the last one counts": {"search a|search a|ns 1|", "1 / a", "1 / b", "search a|search b|ns 1|"},
		"search, then a domain":       {"search a|domain a|ns 1|", "1 / a", "2 / b", "search a|domain a|ns 2|"},
		"search, and then more":       {"search a|search h|ns 1|", "1 / a", "2 / b", "search a|search h|ns 2|"},
		"search with odd blanks":      {"search \ta \t h|ns 1|", "1 / a", "2 / a", "search \ta \t h|ns 2|"},
		"search is no prefix":         {"searching a|ns 1|", "1 / a", "1 / b", "searching a|ns 1|"},
	} {
		old, now := names(spell(c.old)), names(spell(c.now))
		got, err := edit([]byte(spell(c.text)), old, now)
		if c.want == "error" {
			if !errors.Is(err, ErrEdited) || got != nil {
				t.Errorf("%s: %q, %v", name, got, err)
			}
			continue
		}
		if err != nil || string(got) != spell(c.want) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, spell(c.want))
		}
		if again, err := edit(slices.Clone(got), old, now); err != nil || string(again) != string(got) {
			t.Errorf("%s, once more: %q, %v, want %q", name, again, err, got)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	a := names("192.0.2.1 192.0.2.2 / a b")
	for _, other := range []string{"192.0.2.1 192.0.2.2 / b a", "192.0.2.2 192.0.2.1 / a b", "192.0.2.1 / a b", "192.0.2.1 192.0.2.2"} {
		if a.Equal(names(other)) || names(other).Equal(a) {
			t.Errorf("%v is as good as %s", a, other)
		}
	}
	if !a.Equal(names("192.0.2.1 192.0.2.2 / a b")) || !(Names{}).Equal(Names{Search: []string{}}) {
		t.Error("what says the same is not equal")
	}
}

// Nothing that is more than a word gets near a file.
func TestRefusesWhatIsNoName(t *testing.T) {
	t.Parallel()
	good := names("192.0.2.1 / a")
	bad := []Names{{Servers: []netip.Addr{{}}}, {Servers: []netip.Addr{netip.MustParseAddr("fe80::1").WithZone("x\nnameserver 9")}}}
	for _, s := range []string{"", " ", "a b", "a\tb", "a\nnameserver 9", "a\r", "a\x00", "a\x1b[0m", "a\u0085b", "a\u00a0b", "a\u2028b", "\xff"} {
		bad = append(bad, Names{Search: []string{"fine", s}})
	}
	for _, b := range bad {
		for _, pair := range [][2]Names{{good, b}, {b, good}} {
			if changed, err := (Job{ContainerID: id, Old: pair[0], Now: pair[1]}).do(engine{}); changed || !errors.Is(err, errName) {
				t.Errorf("%q to %q: %v, %v", pair[0], pair[1], changed, err)
			}
		}
	}
}
