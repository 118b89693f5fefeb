// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"net/netip"
	"slices"
	"strings"
)

// edit puts the names of now in the place of those of old in the text of a
// resolv.conf(5). What else the text says stays byte for byte. Done a second time
// it changes nothing. It fails with ErrEdited where old's servers are not there.
func edit(text []byte, old, now Names) ([]byte, error) {
	lines := strings.Split(string(text), "\n") // the last one follows the last newline
	lines, err := editServers(lines, old.Servers, now.Servers)
	if err != nil {
		return nil, err
	}
	return []byte(strings.Join(editSearch(lines, old.Search, now.Search), "\n")), nil
}

func editServers(lines []string, old, now []netip.Addr) ([]string, error) {
	all := servers(lines)
	at, ok := locate(all, old, now)
	switch {
	case ok && slices.Equal(old, now):
		return lines, nil
	case ok:
		return slices.Replace(lines, at, at+len(old), serverLines(now)...), nil
	case len(now) == 0 || find(all, now) >= 0: // done already
		return lines, nil
	case len(old) > 0:
		return nil, ErrEdited
	case firstServer(lines) >= 0: // of others, such as the host's
		return lines, nil
	default:
		return add(lines, serverLines(now)), nil
	}
}

// editSearch has no error: where our names are missing the user may have given
// Podman a --dns-search, which wins.
func editSearch(lines, old, now []string) []string {
	line := lastSearch(lines)
	switch {
	case line < 0 && len(old) == 0 && len(now) > 0:
		return addSearch(lines, "search "+strings.Join(now, " "))
	case line < 0 || keyword(lines[line]) != "search": // "domain" is neither Podman's nor the hook's
		return lines
	}
	names := fields(lines[line])[1:]
	at, ok := locate(names, old, now)
	if !ok || slices.Equal(old, now) {
		return lines
	}
	if names = slices.Replace(names, at, at+len(old), now...); len(names) == 0 {
		return slices.Delete(lines, line, line+1)
	}
	lines[line] = "search " + strings.Join(names, " ")
	return lines
}

// locate says where in all the run old begins, which now shall replace; not ok:
// nowhere, or it was done before. What has grown may have the old run in it still,
// so then the new one is looked for first.
func locate[T comparable](all, old, now []T) (at int, ok bool) {
	if len(now) > len(old) && find(all, now) >= 0 {
		return 0, false
	}
	at = find(all, old)
	return at, at >= 0
}

// find says where run begins in all; an empty one is nowhere.
func find[T comparable](all, run []T) int {
	for i := 0; len(run) > 0 && i+len(run) <= len(all); i++ {
		if slices.Equal(all[i:i+len(run)], run) {
			return i
		}
	}
	return -1
}

// addSearch adds the line above the servers, as Podman and the hook have it.
func addSearch(lines []string, search string) []string {
	if at := firstServer(lines); at >= 0 {
		return slices.Insert(lines, at, search)
	}
	return add(lines, []string{search})
}

// add adds lines at the end of the text, which may lack its last newline.
func add(lines, more []string) []string {
	if last := len(lines) - 1; last >= 0 && lines[last] == "" {
		return slices.Insert(lines, last, more...)
	}
	return append(append(lines, more...), "")
}

// servers are the servers, line by line: the zero Addr where a line names none.
func servers(lines []string) []netip.Addr {
	all := make([]netip.Addr, len(lines))
	for i, l := range lines {
		if f := fields(l); keyword(l) == "nameserver" && len(f) == 2 {
			all[i], _ = netip.ParseAddr(f[1])
		}
	}
	return all
}

func serverLines(servers []netip.Addr) (lines []string) {
	for _, s := range servers {
		lines = append(lines, "nameserver "+s.String())
	}
	return lines
}

func firstServer(lines []string) int {
	return slices.IndexFunc(lines, func(l string) bool { return keyword(l) == "nameserver" })
}

// lastSearch is the line that counts: the last one of either kind.
func lastSearch(lines []string) int {
	for i, l := range slices.Backward(lines) {
		if k := keyword(l); k == "search" || k == "domain" {
			return i
		}
	}
	return -1
}

// keyword is the word in a line's first column that has something after it.
func keyword(line string) string {
	word, _, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	if word == line {
		return ""
	}
	return word
}

// fields are not strings.Fields: a carriage return is part of a word.
func fields(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
}
