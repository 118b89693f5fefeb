// SPDX-License-Identifier: Apache-2.0

// Package resolv is the resolv.conf(5) side of step 9 of the way of a lease: when a new
// lease names other DNS servers or search domains, it rewrites the container's file in
// place. Podman wrote the file from the plugin's answer, or the hook did, and both may
// have written more than one lease says. So the package looks for the entries of the old
// lease in the text, and replaces only these. If they are missing, a user has edited the
// file, and the user's text stays.
//
// The package asks the host which file this is, and never the container: Podman's
// description of the container names the file, or the hook has noted path, device and
// inode. It works in the helper (package helper), not in leased.
package resolv

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var (
	// ErrEdited says that the container's resolv.conf is not as the lease made it: a user
	// has edited it since.
	ErrEdited = errors.New("resolv.conf is not as the lease made it")
	// ErrForeign says that no resolv.conf is known that the engine or the hook made for this
	// container and that the container may write.
	ErrForeign = errors.New("no resolv.conf that was made for this container")
)

// errName says that a name cannot be written into the file.
var errName = errors.New("not for a resolv.conf")

// Names are the DNS settings of a lease.
type Names struct {
	Servers []netip.Addr // in the order of preference
	Search  []string     // domains, without their final dot
}

// Equal reports whether both have the same entries in the same order.
func (n Names) Equal(o Names) bool {
	return slices.Equal(n.Servers, o.Servers) && slices.Equal(n.Search, o.Search)
}

// check refuses a name that would be more than one word in the file. dhcp4 lets no such
// name through, but here it would do harm (CVE-2026-42511).
func (n Names) check() error {
	for _, s := range n.Servers {
		if !s.IsValid() || !isWord(s.String()) { // a zone may be any text
			return fmt.Errorf("server %q: %w", s, errName)
		}
	}
	for _, s := range n.Search {
		if !isWord(s) {
			return fmt.Errorf("search domain %q: %w", s, errName)
		}
	}
	return nil
}

// isWord reports whether s has only visible ASCII characters.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// File is a file that the hook has written for one container.
type File struct {
	Path          string // absolute, without symlinks
	Device, Inode uint64 // as in stat(2)
}

// Job is one file to rewrite.
type Job struct {
	ContainerID string
	File        *File // nil: the container is Podman's, or nothing is known
	Old, Now    Names
}

// Host is the directory in /proc of the process whose mounts are the host's: a process in
// a sandbox has other mounts, and not those of containers that were started after it.
const Host = "/proc/1"

// Do replaces the old names by the new ones in the container's resolv.conf, and reports
// whether that changed the file. It fails with ErrEdited and ErrForeign. The process's
// directory in /proc says whose mounts count, see Host. Do changes the thread's user for
// the file system, so the caller locks the thread and never unlocks it.
func (j Job) Do(process string) (changed bool, err error) { return j.do(podman(process)) }

func (j Job) do(p engine) (changed bool, err error) {
	if err := errors.Join(j.Old.check(), j.Now.check(), actAsOneself()); err != nil {
		return false, err
	}
	if j.Old.Equal(j.Now) {
		return false, nil
	}
	f, err := j.open(p)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return j.rewrite(f)
}
