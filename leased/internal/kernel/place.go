// SPDX-License-Identifier: Apache-2.0

// Package kernel is the container's side, between steps 8 and 9 of the way of a lease:
// a link in a network namespace that is found again or gone, the sockets and settings
// on it, and links of leased's own in its place.
package kernel

import (
	"errors"
	"net"

	"podman-net-dhcp/leased/internal/binding"
)

// ErrGone says that the container's netns or link is not there any more, or is
// another one.
var ErrGone = errors.New("the container is gone")

// ErrMAC says that the link is there, and that the container has given it another MAC.
var ErrMAC = binding.ErrMAC

// ErrNoStandIn says that the container is gone and that no link could take its place, to
// send a RELEASE from.
var ErrNoStandIn = errors.New("no link can stand in for the container")

// Place is a link that was looked at: where, and the signs by which it is known
// again. A path can lead to another netns later; the cookie cannot.
type Place struct {
	Netns     string
	Cookie    uint64
	Index     int
	MAC       net.HardwareAddr
	Interface string
	// Of the netns, and not part of what it is known by: the number under which the
	// kernel tells its end, or Unnumbered, and the inode, which its processes have
	// when its path is gone.
	Number int
	Inode  uint64

	Session *Session // held open during an exchange; nil, or closed: found by the path
}

// Unnumbered is the number of a netns that has none yet.
const Unnumbered = -1

// Same reports whether q is the same link.
func (p Place) Same(q Place) bool {
	return p.Netns == q.Netns && p.Cookie == q.Cookie && p.Index == q.Index && p.MAC.String() == q.MAC.String()
}
