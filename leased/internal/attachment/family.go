// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/ipv4"
	"podman-net-dhcp/leased/internal/ipv6"
)

// family is everything that an attachment asks of a driver. IPv4 comes first in each
// call: the first message on the wire is IPv4's, and IPv6's stand-in takes the MAC that
// IPv4's had.
type family interface {
	Queued()  // the start waits at the LAN's gate
	Prepare() // before the first message of either family
	Start()   // ask
	Ready() bool

	Due() clock.Instant
	Tick()
	Rest(starting bool) // close the sockets that only a start needs
	Idle() bool         // no exchange is in flight

	Unbind(why string)
	Release()
	Close()
}

var (
	_ family = (*ipv4.Driver)(nil)
	_ family = (*ipv6.Driver)(nil)
	_ family = (*ipv6.Off)(nil)
)

// each calls do for each family, until an end is noted.
func (a *Attachment) each(do func(f family)) {
	for _, f := range a.families {
		if a.Ending() {
			return
		}
		do(f)
	}
}

func (a *Attachment) closeAll() {
	for _, f := range a.families {
		f.Close()
	}
}

// Due is when the attachment has to do something next.
func (a *Attachment) Due() clock.Instant {
	if a.phase == Held {
		return a.until
	}
	due := min(a.v4.Due(), a.v6.Due())
	if a.activity != nil && a.mend != nil {
		due = min(due, a.mend.at)
	}
	return due
}

// Tick does what has become due.
func (a *Attachment) Tick() {
	if a.phase == Held {
		a.holdOver()
		return
	}
	if a.each(family.Tick); !a.Ending() && a.lives() {
		a.tickLink()
	}
}

// After follows each message: the end that the message has found, and a look at the
// kernel that the message has made due.
func (a *Attachment) After() {
	a.conclude()
	a.conclude() // a link that was made again may be gone again
	if a.lives() && a.v6.LookDue() {
		a.v6.Look()
		a.conclude()
	}
}

// Kept is everything that the servers hold for a client as far as we know.
type Kept struct {
	V4 ipv4.Kept
	V6 ipv6.Kept
}
