// SPDX-License-Identifier: Apache-2.0

// Package resolv is the resolv.conf(5) side of step 9 of the way of a lease: when a new
// lease names other DNS servers or search domains, it rewrites the container's file in
// place. Podman wrote the file from the plugin's answer, or the hook did, and both may
// have written more than one lease says. So the package looks for the entries of the old
// lease in the text, and replaces only these. If they are missing, a user has edited the
// file, and the user's text stays.
//
// The path to the file leads through the container's own root, which the container
// controls. So the package follows no symlink, opens only regular files, and gives up on
// a file system that does not answer.
package resolv

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"time"

	"podman-net-dhcp/internal/netns"
)

// ErrEdited says that the container's resolv.conf is not as the lease made it: a user
// has edited it since, or it was never ours.
var ErrEdited = errors.New("resolv.conf is not as the lease made it")

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

// patience is how long the container's file systems may take. One can be a FUSE whose
// server is a process of the container that never answers. (A variable, so that a test
// can change it.)
var patience = 10 * time.Second

// Rewrite looks for the processes in the network namespace at netnsPath that has this
// cookie. In each resolv.conf that they see and that the container's engine or our hook
// made, it replaces old by now. It reports whether a file was changed. It fails with
// fs.ErrNotExist if the namespace is gone, with ErrEdited if there is a resolv.conf and
// each one differs from what the lease made, and with os.ErrDeadlineExceeded after 10 s.
// No process, or no process with a resolv.conf, is not an error.
func Rewrite(netnsPath string, cookie uint64, containerID string, old, now Names) (changed bool, err error) {
	if err := errors.Join(old.check(), now.check()); err != nil {
		return false, fmt.Errorf("rewrite resolv.conf: %w", err)
	}
	if old.Equal(now) {
		return false, nil
	}
	changed, err = within(patience, func() (bool, error) {
		ns, err := netns.Open(netnsPath)
		if err != nil {
			return false, err
		}
		defer ns.Close()
		if is, err := ns.Cookie(); err != nil || is != cookie {
			return false, &fs.PathError{Op: "open network namespace", Path: netnsPath, Err: fs.ErrNotExist}
		}
		v := visit{containerID: containerID, old: old, now: now}
		return v.all(ns)
	})
	if err != nil {
		return changed, fmt.Errorf("rewrite resolv.conf: %w", err)
	}
	return changed, nil
}
