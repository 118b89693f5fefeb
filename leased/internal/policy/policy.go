// SPDX-License-Identifier: Apache-2.0

// Package policy serves step 3 of the way of a lease: it decides who may attach what where.
// Root writes the policy as lines of WHO WHERE LIMITS; leased-policy(5) describes them. One
// line must allow all of a request, and nothing is allowed without a line. The package is
// pure but for files.go, file.go and engine.go, which read what is on disk.
package policy

import (
	"fmt"

	"podman-net-dhcp/internal/options"
)

// Hook is the WHO of containers that the OCI hook brings.
var Hook = Who{text: "hook"}

// Who is whom a line is about: the word hook, a user's name or uid, or a group's name or
// gid after an @. The zero Who is nobody.
type Who struct{ text string }

// String spells w as a line does.
func (w Who) String() string { return w.text }

// Request is what a caller asks for.
type Request struct {
	Who      Who
	Options  options.Options // with the interface of the host
	Names    []string        // all names of that interface, the kernel's one first; nil: as Options have it
	ID       string          // of the container
	Name     string          // of the container, empty: none; the MAC and the client identifier derive from it
	Hostname string          // that the DHCP server is told; empty: none
	Networks int             // how many the container asks for in all, 1 or more
}

// Line is one line of a policy.
type Line struct {
	File   string // its path
	Number int    // in its file, from 1

	who    Who
	host   string // the host's interface
	limits limits
}

// String says where the line is.
func (l Line) String() string { return fmt.Sprintf("%s:%d", l.File, l.Number) }

// Policy is what root has written.
type Policy struct {
	File  string  // where a line is to be added
	Lines []Line  // of all files that count
	Bad   []error // why other files allow nothing, each with its path
}
