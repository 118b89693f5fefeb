// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/wire"
)

// reach opens the place's netns by its path, or else by its processes: the path can
// be gone while the container lives, and uses the address (podman system reset). The path of
// a process is not for leased, but for the helper.
func (l Linux) reach(p Place) (*Session, error) {
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
	ns, lost := netns.Find(netns.Sign{Path: p.Netns, Number: p.Number, Inode: p.Inode, Cookie: p.Cookie}, l.byProcess())
	switch {
	case lost == nil:
		return &Session{ns: ns}, nil
	case errors.Is(lost, fs.ErrNotExist):
		return nil, err
	}
	return nil, lost // nobody could look
}

// byProcess opens a netns by its processes.
func (l Linux) byProcess() func(path string, inode uint64) (*os.File, error) {
	if l.Helper.Socket == "" {
		return netns.ByProcess
	}
	return l.Helper.Netns
}

// openAny opens a netns of which nothing is known but the path.
func (l Linux) openAny(path string) (*Session, uint64, error) {
	s, cookie, err := open(path)
	if err == nil || !strings.HasPrefix(path, "/proc/") || l.Helper.Socket == "" {
		return s, cookie, err
	}
	if s, cookie, lost := l.helped(path); lost == nil {
		return s, cookie, nil
	}
	return nil, 0, err
}

// helped has the helper open the netns of a process, whichever that is.
func (l Linux) helped(path string) (*Session, uint64, error) {
	const whichever = 0
	f, err := l.Helper.Netns(path, whichever)
	if err != nil {
		return nil, 0, err
	}
	ns, err := netns.Take(f)
	if err != nil {
		return nil, 0, err
	}
	return session(ns)
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

// LacksAddress reports whether an error of Linux.Unicast means that the link has not got the
// address, or no route to the server.
func LacksAddress(err error) bool {
	return errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENETUNREACH)
}

// IsGone reports whether an error of a Linux method, or of a socket that it opened,
// means that the container is gone.
func IsGone(err error) bool { return errors.Is(gone(err), ErrGone) }
