// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// reply is a good one from server with a lease of 1000 s, changed by f.
func (w *world) reply(typ dhcp4.Type, f ...func(*dhcp4.Reply)) []lease4.Action {
	w.t.Helper()
	r := dhcp4.Reply{
		Type: typ, XID: w.m.XID(), Your: client, Server: server, Mask: 24,
		LeaseTime: 1000, HasLeaseTime: true,
	}
	for _, f := range f {
		f(&r)
	}
	return w.step(lease4.ReplyReceived{Reply: r})
}

// refused is reply with an address that the caller knows to be in use.
func (w *world) refused(typ dhcp4.Type, f ...func(*dhcp4.Reply)) []lease4.Action {
	w.t.Helper()
	r := dhcp4.Reply{
		Type: typ, XID: w.m.XID(), Your: client, Server: server, Mask: 24,
		LeaseTime: 1000, HasLeaseTime: true, RapidCommit: true,
	}
	for _, f := range f {
		f(&r)
	}
	return w.step(lease4.ReplyReceived{Reply: r, Refused: true})
}

// conflict is somebody else's ARP of the address that is watched; a DECLINE may
// follow unless f says otherwise.
func (w *world) conflict(f ...func(*lease4.ConflictFound)) []lease4.Action {
	w.t.Helper()
	ev := lease4.ConflictFound{Addr: w.m.Watching(), MAC: foe, Decline: true}
	for _, f := range f {
		f(&ev)
	}
	return w.step(ev)
}

// reboot starts a new machine with a lease of client remembered that has 1000 s,
// changed by f.
func (w *world) reboot(f ...func(*lease4.Lease)) []lease4.Action {
	w.t.Helper()
	l := remembered
	for _, f := range f {
		f(&l)
	}
	return w.step(lease4.Started{Remembered: l})
}

// bind leads a new machine to BOUND at boot, with an ACK changed by f.
func (w *world) bind(f ...func(*dhcp4.Reply)) *world {
	w.t.Helper()
	w.step(lease4.Started{})
	w.reply(dhcp4.Offer)
	w.reply(dhcp4.Ack, f...)
	if w.m.State() != lease4.Bound {
		w.t.Fatalf("state is %v, want BOUND", w.m.State())
	}
	return w
}

// from, your and life are changes of a reply.
func from(a netip.Addr) func(*dhcp4.Reply) { return func(r *dhcp4.Reply) { r.Server = a } }
func your(a netip.Addr) func(*dhcp4.Reply) { return func(r *dhcp4.Reply) { r.Your = a } }

func life(secs uint32) func(*dhcp4.Reply) {
	return func(r *dhcp4.Reply) { r.LeaseTime, r.HasLeaseTime = secs, true }
}

func rapid(r *dhcp4.Reply) { r.RapidCommit = true }

func v6only(secs uint32) func(*dhcp4.Reply) {
	return func(r *dhcp4.Reply) { r.V6OnlyWait, r.HasV6OnlyWait = secs, true }
}
