// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// Whatever the text: what is not of the kinds we write stays, what comes in is of
// the new names, and a second time nothing changes.
func FuzzEdit(f *testing.F) {
	f.Add([]byte("search a b\nnameserver 10.0.0.1\nnameserver 10.0.0.2\noptions x\n"), uint64(1))
	f.Add([]byte(header+"nameserver 10.0.0.0\nnameserver 10.0.0.1"), uint64(2))
	f.Add([]byte("domain a\n\n#\tnameserver 10.0.0.1\r\nnameserver 10.0.0.3 \n\nsearch b"), uint64(3))
	f.Add([]byte("nameserver \nnameserver 10.0.0.1"), uint64(14))
	f.Add([]byte("nameserver 10.0.0.0\nnameserver 10.0.0.1"), uint64(37))
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		old, now := someNames(r, 4), someNames(r, 4)
		before := bytes.Clone(text)
		got, err := edit(text, old, now)
		if !bytes.Equal(text, before) {
			t.Fatal("the text given was written to")
		}
		if errors.Is(err, ErrEdited) && got == nil {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		had, has := strings.Split(string(text), "\n"), strings.Split(string(got), "\n")
		if a, b := foreign(had), foreign(has); strings.Join(a, "\n") != strings.Join(b, "\n") {
			t.Fatalf("other lines changed from %q to %q", a, b)
		}
		allowed := slices.Concat(strings.Fields(string(text)), strings.Fields(strings.Join(serverLines(now.Servers), " ")), now.Search, []string{"search"})
		for _, word := range strings.Fields(string(got)) {
			if !slices.Contains(allowed, word) {
				t.Fatalf("%q came in, %v to %v: %q", word, old, now, got)
			}
		}
		for _, l := range has {
			if keyword(l) == "nameserver" && !slices.Contains(had, l) && !slices.Contains(serverLines(now.Servers), l) {
				t.Fatalf("%q came in, %v to %v", l, old, now)
			}
		}
		if strays(had, old, now) {
			return
		}
		if again, err := edit(bytes.Clone(got), old, now); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%v to %v: %q, then %q, %v", old, now, got, again, err)
		}
	})
}

// foreign are the lines that no edit touches. The last newline is no line.
func foreign(lines []string) (kept []string) {
	for _, l := range lines {
		if k := keyword(l); k != "nameserver" && k != "search" && l != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

// strays says that old or new names are in the text beside the run of old ones, so
// that who looks at the text only cannot tell whose they are.
func strays(lines []string, old, now Names) bool {
	n := 0
	for _, a := range servers(lines) {
		if a.IsValid() && (slices.Contains(old.Servers, a) || slices.Contains(now.Servers, a)) {
			n++
		}
	}
	words := 0
	if at := lastSearch(lines); at >= 0 {
		for _, w := range fields(lines[at])[1:] {
			if slices.Contains(old.Search, w) || slices.Contains(now.Search, w) {
				words++
			}
		}
	}
	return n > len(old.Servers) || words > len(old.Search) || strings.Count(strings.Join(lines, "\n"), "search") > 1
}

// someNames are up to max-1 of each kind.
func someNames(r *rand.Rand, max int) (n Names) {
	for _, i := range r.Perm(max)[:r.IntN(max)] {
		n.Servers = append(n.Servers, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	for _, i := range r.Perm(max)[:r.IntN(max)] {
		n.Search = append(n.Search, string(rune('a'+i)))
	}
	return n
}

// There and back again is where it was, with whatever stands around the names.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		old, now := someNames(r, 5), someNames(r, 5)
		if (len(old.Servers) == 0) != (len(now.Servers) == 0) || (len(old.Search) == 0) != (len(now.Search) == 0) {
			continue // where lines come and go is a place that the text does not tell
		}
		text := around(r, old)
		there, err := edit([]byte(text), old, now)
		if err != nil {
			t.Fatalf("%q, %v to %v: %v", text, old, now, err)
		}
		for _, want := range serverLines(now.Servers) {
			if !strings.Contains(string(there), want+"\n") {
				t.Fatalf("%q is not in %q", want, there)
			}
		}
		if back, err := edit(there, now, old); err != nil || string(back) != text {
			t.Fatalf("%v to %v: %q, %q, back %q, %v", old, now, text, there, back, err)
		}
	}
}

// around is a resolv.conf with these names and others.
func around(r *rand.Rand, n Names) string {
	some := func(words ...string) []string { return words[:r.IntN(len(words)+1)] }
	var lines []string
	if search := slices.Concat(some("home", "lan"), n.Search, some("office")); len(search) > 0 {
		lines = append(lines, "search "+strings.Join(search, " "))
	}
	lines = slices.Concat(some(strings.TrimSpace(header), "; x"), lines, some("#", ""),
		some("nameserver 192.0.2.1"), serverLines(n.Servers), some("nameserver 192.0.2.2", "nameserver 192.0.2.3"), some("options ndots:1"))
	return strings.Join(lines, "\n") + "\n"
}
