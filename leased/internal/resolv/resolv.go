// SPDX-License-Identifier: Apache-2.0

// Package resolv is the resolv.conf(5) side of step 9 of the way of a lease: when a
// new lease names other DNS servers or search domains, the container's file is
// rewritten in place. Podman wrote it from the plugin's answer, or the hook did, and
// both may have written more than one lease says; so what a lease has brought is
// looked for in the text, and only that is replaced. What is not there was edited by
// somebody else, who then has the last word.
//
// The way to the file leads through the container's own root, where the container
// says what is what: no symlink is followed, nothing but a regular file is opened,
// and a file system that does not answer is given up on.
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

// ErrEdited says that the container has a resolv.conf that is not as the lease
// made it: somebody has edited it since, or it never was ours.
var ErrEdited = errors.New("resolv.conf is not as the lease made it")

// errName says that a name cannot be written into the file.
var errName = errors.New("not for a resolv.conf")

// Names is what a lease says of DNS.
type Names struct {
	Servers []netip.Addr // in the order of preference
	Search  []string     // domains, without their final dot
}

// Equal says whether both say the same, in the same order.
func (n Names) Equal(o Names) bool {
	return slices.Equal(n.Servers, o.Servers) && slices.Equal(n.Search, o.Search)
}

// check refuses what would be more than a word in the file. dhcp4 lets none of it
// through; but this is where it would do harm (CVE-2026-42511).
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

// isWord says whether s has visible ASCII characters, and nothing else.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// patience is how long the container's file systems may take. One of them can be a
// FUSE whose server is a process of the container, and never answers. (A variable
// for the test of that.)
var patience = 10 * time.Second

// Rewrite looks for the processes in the network namespace at netnsPath that has
// this cookie, and puts now in the place of old in each resolv.conf they see that
// is of the container's engine or of our hook. It reports whether a file was
// changed. It fails with fs.ErrNotExist where the namespace is gone, with ErrEdited
// where there is a resolv.conf and none is as the lease made it, and with
// os.ErrDeadlineExceeded after 10 s. No process, or none with a resolv.conf, is no
// error.
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
