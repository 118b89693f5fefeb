// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"slices"
	"strings"
)

// words is a limit that lists texts, or allows any.
type words struct {
	list []string
	any  bool
}

func (w *words) parse(value string) error {
	if w.list = strings.Split(value, ","); slices.Contains(w.list, "") {
		return errors.New("a value is empty; want any, a value, or several with commas")
	}
	w.any = slices.Contains(w.list, every)
	return nil
}

// lacks is value as a line would have to spell it, or empty if a value of the list is same.
func (w words) lacks(value string, same func(a, b string) bool) string {
	if w.any || slices.ContainsFunc(w.list, func(v string) bool { return same(v, value) }) {
		return ""
	}
	if strings.ContainsAny(value, ", \t") || value == "" {
		return every // a line cannot spell it
	}
	return value
}

// lacksClientID has nothing against the client identifiers that derive from MAC and name.
func lacksClientID(l limits, r Request) string {
	id := r.Options.ClientID
	if id == "mac" || id == "duid" || id == "none" {
		return ""
	}
	return l.clientIDs.lacks(id, func(a, b string) bool { return a == b })
}

// lacksHostname looks at both names, because MAC and client identifier derive from the
// container's. A container that has only the id that an engine made has no name of its
// creator's choice.
func lacksHostname(l limits, r Request) string {
	var lacks []string
	for _, name := range []string{r.Hostname, r.Name} {
		if name == "" || isMade(r.ID) && len(name) >= shortID && strings.HasPrefix(r.ID, name) {
			continue
		}
		if value := l.hostnames.lacks(name, sameName); value == every {
			return every
		} else if value != "" && !slices.ContainsFunc(lacks, func(other string) bool { return sameName(other, value) }) {
			lacks = append(lacks, value)
		}
	}
	return strings.Join(lacks, ",")
}

// shortID is the length of an id as engines give it to a container as its host name.
const shortID = 12

// isMade reports whether an engine made the id, as Podman and Docker do: 64 hex digits. With
// crun, runc or ctr, the creator chooses the id.
func isMade(id string) bool {
	return len(id) == 64 && strings.Trim(id, "0123456789abcdef") == ""
}

// sameName compares host names: a container's name may have underscores in place of hyphens.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", "-"), strings.ReplaceAll(b, "_", "-"))
}
