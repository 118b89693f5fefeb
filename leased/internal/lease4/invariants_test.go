// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
)

// invariants hold after every step.
func (w *world) invariants(ev lease4.Event, before uint32) {
	w.t.Helper()
	m := w.m
	l, bound := m.Lease()
	if bound != (w.held != nil) || bound && l.Addr != w.held.Addr {
		w.t.Errorf("%v: Lease is %v, the kernel has %v", m.State(), l, w.held)
	}
	if bound && w.now >= w.held.Expiry {
		w.t.Errorf("%v: %v is in use %v after its end", m.State(), l.Addr, w.now.Sub(l.Expiry))
	}
	if _, timer := ev.(lease4.TimerFired); timer && m.Deadline() <= w.now {
		w.t.Errorf("%v: deadline is %v ago: busy loop", m.State(), w.now.Sub(m.Deadline()))
	}
	if bound && (m.Deadline() > l.Expiry || m.State() == lease4.Renewing && m.Deadline() > l.T2) {
		w.t.Errorf("%v: deadline is beyond T2 or expiry", m.State())
	}
	w.checkState(bound)
	w.checkWatch()
	if k, ok := m.Known(w.now); bound && (!ok || k.Addr != l.Addr) || ok && m.State() == lease4.Stopped {
		w.t.Errorf("%v: knows %v", m.State(), k.Addr)
	}
	if x := m.XID(); x != 0 && x != before {
		if x == w.last {
			w.t.Errorf("xid %d for two transactions in a row", x)
		}
		w.last = x
	}
}

// checkWatch: whoever probes listens; nobody listens for what it has or asks for no
// more; and an address that is somebody else's is not held.
func (w *world) checkWatch() {
	w.t.Helper()
	a, s := w.m.Watching(), w.m.State()
	if w.probe.IsValid() && a != w.probe {
		w.t.Errorf("%v: probes %v and watches %v", s, w.probe, a)
	}
	if a.IsValid() && (s == lease4.Init || s == lease4.Selecting || s == lease4.Stopped) {
		w.t.Errorf("%v: watches %v", s, a)
	}
	if w.held != nil && (a.IsValid() && a != w.held.Addr.Addr() || w.foul == w.held.Addr.Addr()) {
		w.t.Errorf("%v: holds %v, watches %v, %v is somebody else's", s, w.held.Addr, a, w.foul)
	}
	if a != w.foul {
		w.foul = none
	}
}

// checkState compares what can be asked of the machine with its state.
func (w *world) checkState(bound bool) {
	w.t.Helper()
	type is struct {
		bound, xid bool
		medium     lease4.Medium
	}
	want := map[lease4.State]is{
		lease4.Init:       {false, false, lease4.MediumNone},
		lease4.Rebooting:  {bound, true, lease4.MediumPacket}, // bound after LinkChanged
		lease4.Selecting:  {false, true, lease4.MediumPacket},
		lease4.Requesting: {false, true, lease4.MediumPacket},
		lease4.Probing:    {false, false, lease4.MediumNone},
		lease4.Bound:      {true, false, lease4.MediumNone},
		lease4.Renewing:   {true, true, lease4.MediumUnicast},
		lease4.Rebinding:  {true, true, lease4.MediumPacket},
		lease4.Stopped:    {false, false, lease4.MediumNone},
	}[w.m.State()]
	if got := (is{bound, w.m.XID() != 0, w.m.Medium()}); got != want {
		w.t.Errorf("%v: is %+v, want %+v", w.m.State(), got, want)
	}
	if w.m.XID() != 0 && w.m.Deadline() == clock.Never {
		w.t.Errorf("%v: waits for ever", w.m.State())
	}
}
