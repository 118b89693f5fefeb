// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/wire"
)

// reach opens the place's netns by its path, or else by its processes: the path can
// be gone while the container lives, and uses the address (podman system reset).
func reach(p Place) (*Session, error) {
	s, cookie, err := open(p.Netns)
	switch {
	case err == nil && cookie == p.Cookie:
		return s, nil
	case err == nil:
		s.close()
		err = fmt.Errorf("%w: another network namespace is at %s", ErrGone, p.Netns)
	default:
		err = absent(err)
	}
	if !errors.Is(err, ErrGone) || p.Cookie == 0 {
		return nil, err
	}
	if ns, lost := netns.Find(netns.Sign{Number: p.Number, Inode: p.Inode, Cookie: p.Cookie}); lost == nil {
		return &Session{ns: ns}, nil
	}
	return nil, err
}

// open opens the netns at path, and asks for its cookie.
func open(path string) (*Session, uint64, error) {
	ns, err := netns.Open(path)
	if err != nil {
		return nil, 0, err
	}
	return session(ns)
}

// session is a session in ns, which it takes over, and the cookie of ns. The rtnetlink socket
// that tells the cookie is the session's.
func session(ns *netns.NS) (*Session, uint64, error) {
	nl, cookie, err := binding.Dial(ns)
	if err != nil {
		ns.Close()
		return nil, 0, err
	}
	return &Session{ns: ns, nl: nl}, cookie, nil
}

// absent turns an error of opening a netns into ErrGone, except when leased ran out of
// descriptors or memory.
func absent(err error) error {
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

// gone adds ErrGone to those errors of the packages below that mean it.
func gone(err error) error {
	if errors.Is(err, binding.ErrGone) || errors.Is(err, wire.ErrLinkGone) {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

// IsGone reports whether an error of a Linux method, or of a socket that it opened,
// means that the container is gone.
func IsGone(err error) bool { return errors.Is(gone(err), ErrGone) }
