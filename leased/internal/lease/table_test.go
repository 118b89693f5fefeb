// SPDX-License-Identifier: Apache-2.0

package lease_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease"
)

// reach leads a new world to a state. PAUSING is INIT after the second NAK. The
// lease has 1000 s: T1 500 s, T2 875 s.
var reach = map[string]func(w *world){
	"INIT":       func(*world) {},
	"SELECTING":  func(w *world) { w.step(lease.Started{}) },
	"REQUESTING": func(w *world) { w.step(lease.Started{}); w.reply(dhcp4.Offer) },
	"PAUSING": func(w *world) {
		w.step(lease.Started{})
		for range 2 {
			w.reply(dhcp4.Offer)
			w.reply(dhcp4.Nak)
		}
	},
	"BOUND":     func(w *world) { w.bind() },
	"RENEWING":  func(w *world) { w.bind().fire() },
	"REBINDING": func(w *world) { w.bind().at(875 * time.Second).fire() },
	"STOPPED":   func(w *world) { w.bind().step(lease.ReleaseRequested{}) },
}

// happen lets an event happen, with the clock where the state was entered unless
// it says something else.
var happen = map[string]func(w *world) []lease.Action{
	"Started":     func(w *world) []lease.Action { return w.step(lease.Started{}) },
	"timer early": func(w *world) []lease.Action { w.now += 500e6; return w.m.Step(w.now, lease.TimerFired{}) },
	"timer due":   (*world).fire,
	"timer at T2": func(w *world) []lease.Action { return w.at(875 * time.Second).step(lease.TimerFired{}) },
	"timer at end": func(w *world) []lease.Action {
		return w.at(1000 * time.Second).step(lease.TimerFired{})
	},
	"OFFER":             func(w *world) []lease.Action { return w.reply(dhcp4.Offer) },
	"OFFER, no server":  func(w *world) []lease.Action { return w.reply(dhcp4.Offer, from(none)) },
	"ACK":               func(w *world) []lease.Action { return w.reply(dhcp4.Ack) },
	"ACK, other server": func(w *world) []lease.Action { return w.reply(dhcp4.Ack, from(rival)) },
	"ACK, lease time 0": func(w *world) []lease.Action { return w.reply(dhcp4.Ack, life(0)) },
	"ACK, other xid": func(w *world) []lease.Action {
		return w.reply(dhcp4.Ack, func(r *dhcp4.Reply) { r.XID++ })
	},
	"ACK, other client": func(w *world) []lease.Action {
		return w.reply(dhcp4.Ack, func(r *dhcp4.Reply) { r.ClientID = []byte{9, 9} })
	},
	"ACK at end":        func(w *world) []lease.Action { return w.at(1000 * time.Second).reply(dhcp4.Ack) },
	"NAK":               func(w *world) []lease.Action { return w.reply(dhcp4.Nak, your(none)) },
	"NAK, other server": func(w *world) []lease.Action { return w.reply(dhcp4.Nak, your(none), from(rival)) },
	"NAK, no server":    func(w *world) []lease.Action { return w.reply(dhcp4.Nak, your(none), from(none)) },
	"ReleaseRequested":  func(w *world) []lease.Action { return w.step(lease.ReleaseRequested{}) },
	"Release at end":    func(w *world) []lease.Action { return w.at(1000 * time.Second).step(lease.ReleaseRequested{}) },
}

// TestTable names every pair of a state and an event. What comes of it is spelled
// "STATE: actions @time to the deadline"; "-" is: nothing at all.
func TestTable(t *testing.T) {
	for state, prepare := range reach {
		for event, f := range happen {
			want, ok := table[state][event]
			if !ok {
				t.Errorf("%s × %s is not in the table", state, event)
				continue
			}
			w := newWorld(t, lease.Config{})
			prepare(w)
			if !strings.HasPrefix(w.m.State().String(), strings.Replace(state, "PAUSING", "INIT", 1)) {
				t.Fatalf("%s: not reached, state is %v", state, w.m.State())
			}
			before := *w.m
			acts := f(w)
			got := outcome(w, acts)
			if len(acts) == 0 && w.m.State() == before.State() && w.m.XID() == before.XID() && w.m.Deadline() == before.Deadline() {
				got = "-"
			}
			if got != want {
				t.Errorf("%s × %s: got %q, want %q", state, event, got, want)
			}
		}
	}
}

func outcome(w *world, acts []lease.Action) string {
	deadline := "never"
	if d := w.m.Deadline(); d != lease.Never {
		deadline = d.Sub(w.now).Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%v: %s @%s", w.m.State(), show(acts), deadline)
}
