// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/kernel"
)

// sign is what a place is known by beside what the request says.
type sign struct {
	cookie, inode uint64
	number        int
}

// active is the activity of an attachment that begins one.
func (a *Attachment) active(at kernel.Place) *activity {
	x := &activity{place: at, families: [2]family{a.v4, a.v6}}
	if a.v6 == nil {
		x.families[1] = &ipv6.Off{Config: a.config6()}
	}
	return x
}

// Wake precedes the first message after Rest.
func (a *Attachment) Wake() {
	if a.activity == nil {
		a.activity = a.active(kernel.Place{
			Netns: a.req.Link.Netns, Cookie: a.netns.cookie, Number: a.netns.number, Inode: a.netns.inode,
			Index: a.req.Link.Index, MAC: a.req.Link.MAC, Interface: a.req.Attachment.Interface,
		})
	}
	a.v4.Wake()
	if a.told {
		names := a.Snapshot().names()
		a.resolves, a.told = &names, false
	}
}

// Rest follows the last message in the inbox. Nothing that is not in flight holds the
// netns open. Nearly all attachments are at rest nearly all of the time, so an attachment
// that has its lease keeps only what it must: until Wake there is no call but Due, Phase,
// Request, LAN, Snapshot and Kept.
func (a *Attachment) Rest() {
	idle := true
	for _, f := range a.families {
		f.Rest(a.Starting())
		idle = idle && f.Idle()
	}
	if idle {
		a.env.Kernel.Leave(a.place)
	}
	a.lan.SetWaiting(a.Starting())
	if idle && a.phase == Ready && !a.Starting() {
		a.rest()
	}
}

func (a *Attachment) rest() {
	at := a.place
	a.netns, a.activity = sign{at.Cookie, at.Inode, at.Number}, nil
	// Of IPv6, routers may say something else until Wake.
	if a.v6 == nil && a.resolves != nil && a.resolves.Equal(a.Snapshot().names()) {
		a.resolves, a.told = nil, true
	}
}
