// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// sign is what a place is known by beside what the request says.
type sign struct {
	cookie, inode uint64
	number        int
}

// place is where the link of a request is.
func (s sign) place(req *request.Request) kernel.Place {
	return kernel.Place{
		Netns: req.Link.Netns, Cookie: s.cookie, Number: s.number, Inode: s.inode,
		Index: req.Link.Index, MAC: req.Link.MAC, Interface: req.Attachment.Interface,
	}
}

// sign is that of the place, at rest or not.
func (a *Attachment) sign() sign {
	if a.activity == nil {
		return a.netns
	}
	return sign{a.place.Cookie, a.place.Inode, a.place.Number}
}

// Inode is that of the container's netns. The kernel uses it again.
func (a *Attachment) Inode() uint64 { return a.sign().inode }

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
		a.activity = a.active(a.netns.place(a.req))
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
	if idle && a.phase == Ready && !a.Starting() && a.mend == nil {
		a.rest()
	}
}

func (a *Attachment) rest() {
	a.netns, a.activity = a.sign(), nil
	// Of IPv6, routers may say something else until Wake.
	if a.v6 == nil && a.resolves != nil && a.resolves.Equal(a.Snapshot().names()) {
		a.resolves, a.told = nil, true
	}
}
