// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Judge returns the line that allows all of a request. Else its error says, for the user, what
// no line allows and which line to add.
func (p Policy) Judge(r Request) (Line, error) {
	if shim := r.Options.ShimText(); shim != "" { // it configures the host
		return Line{}, fmt.Errorf("shim=%s configures the host, and no policy allows this; only a network of root's has it: podman network create -o shim=…", shim)
	}
	var near *Line // the line that lacks least
	lacks := []string{}
	for i, l := range p.Lines {
		if l.who != r.Who || !r.isOn(l.host) {
			continue
		}
		wanted := l.limits.lacks(r)
		if len(wanted) == 0 {
			return l, nil
		}
		if near == nil || len(wanted) < len(lacks) {
			near, lacks = &p.Lines[i], wanted
		}
	}
	return Line{}, p.refusal(r, near, lacks)
}

// isOn reports whether the request is for the interface of that name: it may have several.
func (r Request) isOn(name string) bool {
	return name == r.Options.Host() || slices.Contains(r.Names, name)
}

func (p Policy) refusal(r Request, near *Line, lacks []string) error {
	host, file := r.Options.Host(), p.File
	what := fmt.Sprintf("the policy does not allow %s on %s: no line names it", r.Who, host)
	if near != nil {
		what = fmt.Sprintf("the policy allows %s on %s (%s), but not with %s", r.Who, host, near, strings.Join(lacks, " "))
		file = near.File
	}
	text := fmt.Sprintf("%s; to allow this container, add to %s: %s; see leased-policy(5)", what, file, missing(r))
	for _, err := range p.Bad {
		text += fmt.Sprintf("; a file that allows nothing: %v", err)
	}
	return errors.New(text)
}

// missing is the line that allows the request and no more than it.
func missing(r Request) string {
	where := "bridge=" + r.Options.Bridge
	if r.Options.Bridge == "" {
		where = "parent=" + r.Options.Parent
	}
	return strings.Join(append([]string{r.Who.String(), where}, usual().lacks(r)...), " ")
}

// Passthru reports whether the request would take an interface away from the host. Only an
// interface that the host does not use may go; see attach.Host.Uses.
func (r Request) Passthru() bool { return r.Options.Mode == passthru }
