// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"net/netip"
	"slices"
	"strings"
)

// edit replaces the names of old by those of now in the text of a resolv.conf(5). The
// rest of the text stays byte for byte. Running edit again changes nothing. It fails
// with ErrEdited if old's servers are not there.
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
	case firstServer(lines) >= 0: // servers of others, such as the host's
		return lines, nil
	default:
		return add(lines, serverLines(now)), nil
	}
}

// editSearch has no error: if our names are missing, the user may have given Podman a
// --dns-search, which wins.
func editSearch(lines, old, now []string) []string {
	line := lastSearch(lines)
	switch {
	case line < 0 && len(old) == 0 && len(now) > 0:
		return addSearch(lines, "search "+strings.Join(now, " "))
	case line < 0 || keyword(lines[line]) != "search": // neither Podman nor the hook writes "domain"
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

// locate returns where the run old begins in all, which now shall replace. It is not ok
// if old is missing or was replaced before. A run that has grown may still contain the
// old run, so locate first looks for the new one.
func locate[T comparable](all, old, now []T) (at int, ok bool) {
	if len(now) > len(old) && find(all, now) >= 0 {
		return 0, false
	}
	at = find(all, old)
	return at, at >= 0
}

// find returns where run begins in all; -1 if it does not, or if run is empty.
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

// add adds lines at the end of the text, whose last newline may be missing.
func add(lines, more []string) []string {
	if last := len(lines) - 1; last >= 0 && lines[last] == "" {
		return slices.Insert(lines, last, more...)
	}
	return append(append(lines, more...), "")
}

// servers returns the server of each line: the zero Addr if a line names none.
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

// lastSearch returns the line that counts: the last "search" or "domain".
func lastSearch(lines []string) int {
	for i, l := range slices.Backward(lines) {
		if k := keyword(l); k == "search" || k == "domain" {
			return i
		}
	}
	return -1
}

// keyword returns the word in a line's first column, if something follows it.
func keyword(line string) string {
	word, _, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	if word == line {
		return ""
	}
	return word
}

// fields is not strings.Fields: a carriage return is part of a word.
func fields(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
}
