// SPDX-License-Identifier: Apache-2.0

package lease_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/lease"
)

var (
	client = netip.MustParseAddr("192.0.2.9")
	other  = netip.MustParseAddr("192.0.2.10")
	server = netip.MustParseAddr("192.0.2.1")
	rival  = netip.MustParseAddr("192.0.2.2")
	cid    = []byte{1, 2, 0, 0, 0xaa, 0xbb, 0xcc}
	id     = dhcp4.Identity{MAC: net.HardwareAddr{2, 0, 0, 0xaa, 0xbb, 0xcc}, ClientID: cid, Hostname: "web"}
)

// boot is when the tests' machines begin; not 0, so that a forgotten time shows.
const boot = lease.Instant(100 * time.Second)

// counter is a Rand that counts. Waits, which take a random part of it, are then
// their shortest: 750 ms, 1.5 s, 3 s, 7 s, and some nanoseconds.
func counter() func() uint64 {
	n := uint64(0)
	return func() uint64 { n++; return n }
}

// world is a machine together with what its actions have made of the kernel, and
// complains about whatever must not happen in any run.
type world struct {
	t    testing.TB
	m    *lease.Machine
	now  lease.Instant
	held *lease.Lease // as bound in the kernel
	last uint32
}

func newWorld(t testing.TB, cfg lease.Config) *world {
	if cfg.Rand == nil {
		cfg.Rand = counter()
	}
	cfg.ClientID = cid
	return &world{t: t, m: lease.New(cfg), now: boot}
}

// step lets ev happen and returns what came of it.
func (w *world) step(ev lease.Event) []lease.Action {
	w.t.Helper()
	before := w.m.XID()
	acts := w.m.Step(w.now, ev)
	for _, a := range acts {
		w.perform(a)
	}
	w.invariants(ev, before)
	return acts
}

func (w *world) perform(a lease.Action) {
	w.t.Helper()
	switch a := a.(type) {
	case lease.Bind:
		l := a.Lease
		w.held = &l
		if l.Start > l.T1 || l.T1 > l.T2 || l.T2 > l.Expiry || !l.Addr.IsValid() {
			w.t.Errorf("bound %+v", l)
		}
	case lease.Unbind:
		if w.held == nil {
			w.t.Error("Unbind of nothing")
		}
		w.held = nil
	case lease.Send:
		if err := dhcp4test.Check(id.Marshal(a.Message)); err != nil {
			w.t.Error(err)
		}
		if unicast := a.Client.IsValid() && w.m.State() != lease.Rebinding; a.To.IsValid() != unicast {
			w.t.Errorf("%v is sent to %v", a.Type, a.To)
		}
	case lease.Report:
	}
}

// invariants hold after every step.
func (w *world) invariants(ev lease.Event, before uint32) {
	w.t.Helper()
	m := w.m
	l, bound := m.Lease()
	if bound != (w.held != nil) || bound && l.Addr != w.held.Addr {
		w.t.Errorf("%v: Lease is %v, the kernel has %v", m.State(), l, w.held)
	}
	if bound && w.now >= w.held.Expiry {
		w.t.Errorf("%v: %v is in use %v after its end", m.State(), l.Addr, w.now.Sub(l.Expiry))
	}
	if _, timer := ev.(lease.TimerFired); timer && m.Deadline() <= w.now {
		w.t.Errorf("%v: deadline is %v ago: busy loop", m.State(), w.now.Sub(m.Deadline()))
	}
	if bound && (m.Deadline() > l.Expiry || m.State() == lease.Renewing && m.Deadline() > l.T2) {
		w.t.Errorf("%v: deadline is beyond T2 or expiry", m.State())
	}
	w.checkState(bound)
	if x := m.XID(); x != 0 && x != before {
		if x == w.last {
			w.t.Errorf("xid %d for two transactions in a row", x)
		}
		w.last = x
	}
}

// checkState compares what can be asked of the machine with its state.
func (w *world) checkState(bound bool) {
	w.t.Helper()
	type is struct {
		bound, xid bool
		medium     lease.Medium
	}
	want := map[lease.State]is{
		lease.Init:       {false, false, lease.MediumNone},
		lease.Selecting:  {false, true, lease.MediumPacket},
		lease.Requesting: {false, true, lease.MediumPacket},
		lease.Bound:      {true, false, lease.MediumNone},
		lease.Renewing:   {true, true, lease.MediumUnicast},
		lease.Rebinding:  {true, true, lease.MediumPacket},
		lease.Stopped:    {false, false, lease.MediumNone},
	}[w.m.State()]
	if got := (is{bound, w.m.XID() != 0, w.m.Medium()}); got != want {
		w.t.Errorf("%v: is %+v, want %+v", w.m.State(), got, want)
	}
	if w.m.XID() != 0 && w.m.Deadline() == lease.Never {
		w.t.Errorf("%v: waits for ever", w.m.State())
	}
}

// at moves the clock to a time after boot.
func (w *world) at(d time.Duration) *world { w.now = boot.Add(d); return w }

// fire moves the clock to the deadline, or by an hour where there is none, and
// fires the timer.
func (w *world) fire() []lease.Action {
	w.t.Helper()
	if d := w.m.Deadline(); d == lease.Never {
		w.now = w.now.Add(time.Hour)
	} else {
		w.now = max(w.now, d)
	}
	return w.step(lease.TimerFired{})
}

// reply is a good one from server with a lease of 1000 s, changed by f.
func (w *world) reply(typ dhcp4.Type, f ...func(*dhcp4.Reply)) []lease.Action {
	w.t.Helper()
	r := dhcp4.Reply{
		Type: typ, XID: w.m.XID(), Your: client, Server: server, Mask: 24,
		LeaseTime: 1000, HasLeaseTime: true,
	}
	for _, f := range f {
		f(&r)
	}
	return w.step(lease.ReplyReceived{Reply: r})
}

// bind leads a new machine to BOUND at boot, with an ACK changed by f.
func (w *world) bind(f ...func(*dhcp4.Reply)) *world {
	w.t.Helper()
	w.step(lease.Started{})
	w.reply(dhcp4.Offer)
	w.reply(dhcp4.Ack, f...)
	if w.m.State() != lease.Bound {
		w.t.Fatalf("state is %v, want BOUND", w.m.State())
	}
	return w
}

// show spells actions: messages with what of ciaddr (c), option 50 (r) and
// option 54 (s) they have, and ">" where they are unicast.
func show(acts []lease.Action) string {
	var out []string
	for _, a := range acts {
		s := strings.TrimPrefix(fmt.Sprintf("%T", a), "lease.")
		if a, ok := a.(lease.Send); ok {
			s = a.Type.String() + field("c", a.Client) + field("r", a.Requested) + field("s", a.Server) + field(">", a.To)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func field(name string, a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return "," + name
}

// from, your and life are changes of a reply.
func from(a netip.Addr) func(*dhcp4.Reply) { return func(r *dhcp4.Reply) { r.Server = a } }
func your(a netip.Addr) func(*dhcp4.Reply) { return func(r *dhcp4.Reply) { r.Your = a } }

func life(secs uint32) func(*dhcp4.Reply) {
	return func(r *dhcp4.Reply) { r.LeaseTime, r.HasLeaseTime = secs, true }
}
