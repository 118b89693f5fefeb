// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// change changes a server's message.
type change = func(*dhcp6.Reply)

// answer is a server's message of what is in flight, changed by f. It gives client
// for 1000 s, preferred for 800 s: T1 is 400 s, T2 640 s.
func (w *world) answer(typ dhcp6.Type, f ...change) []lease6.Action {
	w.t.Helper()
	r := dhcp6.Reply{
		Type: typ, XID: w.m.XID(), Client: duid, Server: server, HasIA: true,
		Addrs: []dhcp6.Address{{Addr: client, Preferred: 800, Valid: 1000}},
		DNS:   []netip.Addr{dns}, Search: []string{"example.org"},
	}
	for _, f := range f {
		f(&r)
	}
	return w.step(lease6.ReplyReceived{Reply: r})
}

func (w *world) advertise(f ...change) []lease6.Action {
	w.t.Helper()
	return w.answer(dhcp6.Advertise, f...)
}

func (w *world) reply(f ...change) []lease6.Action {
	w.t.Helper()
	return w.answer(dhcp6.ReplyType, f...)
}

// What there is to change of a server's message.
func from(s []byte) change       { return func(r *dhcp6.Reply) { r.Server = s } }
func prefers(n uint8) change     { return func(r *dhcp6.Reply) { r.Preference = n } }
func times(t1, t2 uint32) change { return func(r *dhcp6.Reply) { r.T1, r.T2 = t1, t2 } }
func rapid(r *dhcp6.Reply)       { r.RapidCommit = true }
func stateless(r *dhcp6.Reply)   { r.HasIA, r.Addrs = false, nil }
func fails(s dhcp6.Status) change {
	return func(r *dhcp6.Reply) { r.Status, r.HasIA, r.Addrs = s, false, nil }
}

func failsIA(s dhcp6.Status) change {
	return func(r *dhcp6.Reply) { r.IAStatus, r.Addrs = s, nil }
}

// gives replaces the addresses.
func gives(as ...dhcp6.Address) change { return func(r *dhcp6.Reply) { r.Addrs = as } }

// life is an address with its lifetimes in seconds.
func life(a netip.Addr, preferred, valid uint32) dhcp6.Address {
	return dhcp6.Address{Addr: a, Preferred: preferred, Valid: valid}
}

// two gives two addresses, of which client ends first.
func two(r *dhcp6.Reply) {
	r.Addrs = []dhcp6.Address{life(client, 800, 1000), life(second, 1600, 2000)}
}

func (w *world) want() []lease6.Action {
	w.t.Helper()
	return w.step(lease6.Wanted{Addresses: true})
}

// resume begins with a lease remembered.
func (w *world) resume() []lease6.Action {
	w.t.Helper()
	return w.step(lease6.Wanted{Addresses: true, Remembered: remembered})
}

func (w *world) inform() []lease6.Action {
	w.t.Helper()
	return w.step(lease6.Wanted{})
}

// request leads a new machine to REQUESTING at boot; f change the ADVERTISE.
func (w *world) request(f ...change) *world {
	w.t.Helper()
	w.want()
	w.advertise(append(f, prefers(255))...)
	return w.state(lease6.Requesting)
}

// bind leads a new machine to BOUND at boot; f change the REPLY.
func (w *world) bind(f ...change) *world {
	w.t.Helper()
	w.request()
	w.reply(f...)
	return w.state(lease6.Bound)
}

func (w *world) duplicate(a netip.Addr) []lease6.Action {
	w.t.Helper()
	return w.step(lease6.DuplicateFound{Addr: a})
}

// refuse has n REQUESTs refused.
func (w *world) refuse(n int) *world {
	w.t.Helper()
	for range n {
		w.advertise(prefers(255))
		w.reply(failsIA(dhcp6.NoAddrsAvail))
	}
	return w
}

// after moves the clock on and fires the timer.
func (w *world) after(d time.Duration) []lease6.Action {
	w.t.Helper()
	w.now = w.now.Add(d)
	return w.step(lease6.TimerFired{})
}
