// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"bytes"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// checkBind: what is bound is in order and not over.
func (w *world) checkBind(l lease6.Lease) {
	w.t.Helper()
	var end clock.Instant
	for _, a := range l.Addrs {
		if a.Preferred > a.Valid || a.Valid <= w.now || a.Valid <= l.Start || !a.Addr.IsValid() {
			w.t.Errorf("bound %+v at %v", a, w.now)
		}
		end = max(end, a.Valid)
	}
	if len(l.Addrs) == 0 {
		end = clock.Never
	}
	if l.Start > l.T1 || l.T1 > l.T2 || l.T2 > end || len(l.Server) == 0 || len(l.Addrs) > dhcp6.MaxAddrs {
		w.t.Errorf("bound %+v", l)
	}
}

// checkSend: form of RFC 8415 §16 and §18.2, the exchange, and how often.
func (w *world) checkSend(s dhcp6.Message) {
	w.t.Helper()
	if s.XID == 0 || s.XID >= 1<<24 {
		w.t.Errorf("%v: xid %#x", s.Type, s.XID)
	}
	if s.XID != w.last {
		w.last, w.sent = s.XID, w.now
	}
	if s.Elapsed != w.now.Sub(w.sent) {
		w.t.Errorf("%v: elapsed %s, want %s", s.Type, s.Elapsed, w.now.Sub(w.sent))
	}
	toOne := s.Type == dhcp6.Request || s.Type == dhcp6.Renew || s.Type == dhcp6.Decline || s.Type == dhcp6.Release
	if (len(s.Server) > 0) != toOne {
		w.t.Errorf("%v: server id %x", s.Type, s.Server)
	}
	if s.IA == (s.Type == dhcp6.InformationRequest) || len(s.Addrs) == 0 && s.IA && s.Type != dhcp6.Solicit {
		w.t.Errorf("%v: IA %v with %v", s.Type, s.IA, s.Addrs)
	}
	if s.RapidCommit && (s.Type != dhcp6.Solicit || !w.cfg.RapidCommit) {
		w.t.Errorf("%v: rapid commit", s.Type)
	}
	w.checkAddrs(s)
	w.checkPace()
}

// checkAddrs: what is renewed is in use, what is given back is not, and was given. (By
// whom does not matter: REBIND may leave addresses of the former server in the lease.)
func (w *world) checkAddrs(s dhcp6.Message) {
	w.t.Helper()
	switch s.Type {
	case dhcp6.Renew, dhcp6.Rebind:
		if !slices.Equal(s.Addrs, w.addrs()) {
			w.t.Errorf("%v of %v, in use is %v", s.Type, s.Addrs, w.addrs())
		}
	case dhcp6.Decline, dhcp6.Release:
		for _, a := range s.Addrs {
			if slices.Contains(w.addrs(), a) || !w.given[a] {
				w.t.Errorf("%v of %v to %x; in use is %v", s.Type, a, s.Server, w.addrs())
			}
		}
	case dhcp6.Solicit, dhcp6.Request, dhcp6.Confirm, dhcp6.InformationRequest, dhcp6.Advertise, dhcp6.ReplyType:
	}
}

// checkPace: no more than a message a second in any minute, and those of a burst, of
// what may follow one SOLICIT, and of what the caller did.
func (w *world) checkPace() {
	w.t.Helper()
	w.total++
	old := func(t clock.Instant) bool { return w.now.Sub(t) >= time.Minute }
	w.sends = slices.DeleteFunc(append(w.sends, w.now), old)
	w.caused = slices.DeleteFunc(w.caused, old)
	if n, most := len(w.sends), 60+10+8+2*len(w.caused); n > most {
		w.t.Errorf("%v: %d messages in a minute, want %d at most", w.m.State(), n, most)
	}
}

// addrs are those that the kernel has.
func (w *world) addrs() (out []netip.Addr) {
	if w.held == nil {
		return nil
	}
	for _, a := range w.held.Addrs {
		out = append(out, a.Addr)
	}
	return out
}

// invariants hold after every step.
func (w *world) invariants(ev lease6.Event, acts []lease6.Action) {
	w.t.Helper()
	m := w.m
	l, bound := m.Lease()
	if bound != (w.held != nil) || bound && !reflect.DeepEqual(l.Addrs, w.held.Addrs) {
		w.t.Errorf("%v: Lease is %v, the kernel has %v", m.State(), l, w.held)
	}
	for _, a := range l.Addrs {
		if a.Valid <= w.now || m.Deadline() > a.Valid {
			w.t.Errorf("%v: %v is in use until %v, deadline %v, now %v", m.State(), a.Addr, a.Valid, m.Deadline(), w.now)
		}
	}
	if _, timer := ev.(lease6.TimerFired); timer && m.Deadline() <= w.now {
		w.t.Errorf("%v: deadline is %v ago: busy loop", m.State(), w.now.Sub(m.Deadline()))
	}
	if m.State() == lease6.Renewing && m.Deadline() > l.T2 {
		w.t.Errorf("RENEWING beyond T2")
	}
	if s := sent(acts); len(s) > 0 && m.State() != lease6.Stopped && m.XID() != 0 && s[len(s)-1].XID != m.XID() {
		w.t.Errorf("%v: xid is %d, that of the last message %d", m.State(), m.XID(), s[len(s)-1].XID)
	}
	w.checkState(len(l.Addrs) > 0, bound)
	w.checkKnown(l)
}

func (w *world) checkKnown(l lease6.Lease) {
	w.t.Helper()
	k, ok := w.m.Known(w.now)
	if ok && w.m.State() == lease6.Stopped || len(l.Addrs) > 0 && !(ok && bytes.Equal(k.Server, l.Server)) {
		w.t.Errorf("%v: knows %v", w.m.State(), k)
	}
	for _, a := range k.Addrs {
		if a.Valid <= w.now {
			w.t.Errorf("%v: knows %v, which has ended", w.m.State(), a)
		}
	}
}

// checkState compares what can be asked of the machine with its state.
func (w *world) checkState(using, bound bool) {
	w.t.Helper()
	const no, yes, any = 1, 2, 3
	want := map[lease6.State]struct{ using, bound, xid int }{
		lease6.Init:       {any, any, no},
		lease6.Soliciting: {any, any, yes},
		lease6.Requesting: {any, any, yes},
		lease6.Confirming: {any, any, yes},
		lease6.Bound:      {yes, yes, no},
		lease6.Renewing:   {yes, yes, yes},
		lease6.Rebinding:  {yes, yes, yes},
		lease6.Declining:  {any, any, yes},
		lease6.Informing:  {no, any, yes},
		lease6.Informed:   {no, yes, no},
		lease6.Stopped:    {no, no, no},
	}[w.m.State()]
	is := func(b bool, want int) bool { return want == any || b == (want == yes) }
	if xid := w.m.XID() != 0; !is(using, want.using) || !is(bound, want.bound) || !is(xid, want.xid) || w.m.Listening() != xid {
		w.t.Errorf("%v: addresses %v, lease %v, xid %v, listens %v", w.m.State(), using, bound, xid, w.m.Listening())
	}
	if w.m.XID() != 0 && w.m.Deadline() == clock.Never {
		w.t.Errorf("%v: waits for ever", w.m.State())
	}
}
