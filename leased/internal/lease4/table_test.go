// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// reach leads a new world to a state, or to one of its kinds: PAUSING is INIT after
// the fourth NAK; "known" has a lease remembered; "watched" a check that waits for
// an answer; UNCONFIRMED is REBINDING by TimedOut, CONFIRMING is REBOOTING by
// LinkChanged. A lease has 1000 s: T1 500 s, T2
// 875 s; the remembered one ends 900 s after boot.
var reach = map[string]func(w *world){
	"INIT":               func(*world) {},
	"REBOOTING":          func(w *world) { w.reboot() },
	"REBOOTING, watched": func(w *world) { w.reboot() },
	"SELECTING":          func(w *world) { w.step(lease4.Started{}) },
	"SELECTING, known":   func(w *world) { w.reboot(); w.fire() },
	"SELECTING, options": func(w *world) { w.step(lease4.Started{}) },
	"REQUESTING":         func(w *world) { w.step(lease4.Started{}); w.reply(dhcp4.Offer) },
	"REQUESTING, known":  func(w *world) { w.reboot(); w.fire(); w.reply(dhcp4.Offer, your(other)) },
	"REQUESTING, watched": func(w *world) {
		w.step(lease4.Started{})
		w.reply(dhcp4.Offer)
	},
	"PAUSING":        func(w *world) { w.step(lease4.Started{}); w.pause() },
	"PAUSING, known": func(w *world) { w.reboot(); w.fire(); w.pause() },
	"PROBING": func(w *world) {
		w.step(lease4.Started{})
		w.reply(dhcp4.Offer)
		w.reply(dhcp4.Ack)
	},
	"BOUND":          func(w *world) { w.bind().calm() },
	"BOUND, watched": func(w *world) { w.bind() },
	"RENEWING":       func(w *world) { w.bind().fire() },
	"REBINDING":      func(w *world) { w.bind().calm().at(875 * time.Second).fire() },
	"CONFIRMING":     func(w *world) { w.bind().calm().step(lease4.LinkChanged{}) },
	"UNCONFIRMED":    func(w *world) { w.reboot(); w.step(lease4.TimedOut{}) },
	"STOPPED":        func(w *world) { w.bind().step(lease4.ReleaseRequested{}) },
}

// configs are those of the states above that need one.
var configs = map[string]lease4.Config{
	"REBOOTING, watched":  {Check: lease4.CheckQuick},
	"REQUESTING, watched": {Check: lease4.CheckQuick},
	"BOUND, watched":      {Check: lease4.CheckQuick},
	"UNCONFIRMED":         {Check: lease4.CheckQuick},
	"PROBING":             {Check: lease4.CheckFull},
	"SELECTING, options":  {RapidCommit: true, V6Only: true},
}

// pause has two OFFERs of another address refused.
func (w *world) pause() {
	for range 4 {
		w.reply(dhcp4.Offer, your(other))
		w.reply(dhcp4.Nak)
	}
}

// happen lets an event happen, with the clock where the state was entered unless
// it says something else.
var happen = map[string]func(w *world) []lease4.Action{
	"Started":        func(w *world) []lease4.Action { return w.step(lease4.Started{}) },
	"Started, known": func(w *world) []lease4.Action { return w.reboot() },
	"timer early":    func(w *world) []lease4.Action { w.now += 200e6; return w.m.Step(w.now, lease4.TimerFired{}) },
	"timer due":      (*world).fire,
	"timer at T2":    func(w *world) []lease4.Action { return w.at(875 * time.Second).step(lease4.TimerFired{}) },
	"timer at end": func(w *world) []lease4.Action {
		return w.at(1000 * time.Second).step(lease4.TimerFired{})
	},
	"OFFER":            func(w *world) []lease4.Action { return w.reply(dhcp4.Offer) },
	"OFFER, no server": func(w *world) []lease4.Action { return w.reply(dhcp4.Offer, from(none)) },
	"OFFER, in use":    func(w *world) []lease4.Action { return w.refused(dhcp4.Offer) },
	"OFFER, IPv6 only": func(w *world) []lease4.Action { return w.reply(dhcp4.Offer, your(none), v6only(0)) },
	"ACK":              func(w *world) []lease4.Action { return w.reply(dhcp4.Ack) },
	"ACK, rapid":       func(w *world) []lease4.Action { return w.reply(dhcp4.Ack, rapid) },
	"ACK, in use":      func(w *world) []lease4.Action { return w.refused(dhcp4.Ack) },
	"ACK, other in use": func(w *world) []lease4.Action {
		return w.refused(dhcp4.Ack, your(other))
	},
	"ACK, IPv6 only":     func(w *world) []lease4.Action { return w.reply(dhcp4.Ack, rapid, v6only(0)) },
	"ACK, other address": func(w *world) []lease4.Action { return w.reply(dhcp4.Ack, your(other)) },
	"ACK, other server":  func(w *world) []lease4.Action { return w.reply(dhcp4.Ack, from(rival)) },
	"ACK, lease time 0":  func(w *world) []lease4.Action { return w.reply(dhcp4.Ack, life(0)) },
	"ACK, other xid": func(w *world) []lease4.Action {
		return w.reply(dhcp4.Ack, func(r *dhcp4.Reply) { r.XID++ })
	},
	"ACK, other client": func(w *world) []lease4.Action {
		return w.reply(dhcp4.Ack, func(r *dhcp4.Reply) { r.ClientID = []byte{9, 9} })
	},
	"ACK at end":        func(w *world) []lease4.Action { return w.at(1000 * time.Second).reply(dhcp4.Ack) },
	"NAK":               func(w *world) []lease4.Action { return w.reply(dhcp4.Nak, your(none)) },
	"NAK, other server": func(w *world) []lease4.Action { return w.reply(dhcp4.Nak, your(none), from(rival)) },
	"NAK, no server":    func(w *world) []lease4.Action { return w.reply(dhcp4.Nak, your(none), from(none)) },
	"conflict":          func(w *world) []lease4.Action { return w.conflict() },
	"conflict, no DECLINE": func(w *world) []lease4.Action {
		return w.conflict(func(c *lease4.ConflictFound) { c.Decline = false })
	},
	"conflict, other address": func(w *world) []lease4.Action {
		return w.conflict(func(c *lease4.ConflictFound) { c.Addr = rival })
	},
	"conflict, then ACK": func(w *world) []lease4.Action { return slices.Concat(w.conflict(), w.reply(dhcp4.Ack)) },
	"TimedOut":           func(w *world) []lease4.Action { return w.step(lease4.TimedOut{}) },
	"TimedOut at end":    func(w *world) []lease4.Action { return w.at(1000 * time.Second).step(lease4.TimedOut{}) },
	"LinkChanged":        func(w *world) []lease4.Action { return w.step(lease4.LinkChanged{}) },
	"LinkChanged at end": func(w *world) []lease4.Action { return w.at(1000 * time.Second).step(lease4.LinkChanged{}) },
	"ReleaseRequested":   func(w *world) []lease4.Action { return w.step(lease4.ReleaseRequested{}) },
	"Release at end":     func(w *world) []lease4.Action { return w.at(1000 * time.Second).step(lease4.ReleaseRequested{}) },
}

// TestTable names every pair of a state and an event. What comes of it is spelled
// "STATE: actions @time to the deadline"; "-" is: nothing at all.
func TestTable(t *testing.T) {
	table := map[string]map[string]string{}
	for _, part := range []map[string]map[string]string{tableBegin, tableSelect, tableRequest, tableBound, tableExtend} {
		maps.Copy(table, part)
	}
	for state, prepare := range reach {
		for event, f := range happen {
			want, ok := table[state][event]
			if !ok {
				t.Errorf("%s × %s is not in the table", state, event)
				continue
			}
			w := newWorld(t, configs[state])
			prepare(w)
			if name := stateNames.Replace(state); !strings.HasPrefix(name, w.m.State().String()) {
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

var stateNames = strings.NewReplacer("PAUSING", "INIT", "UNCONFIRMED", "REBINDING", "CONFIRMING", "REBOOTING")

func outcome(w *world, acts []lease4.Action) string {
	deadline := "never"
	if d := w.m.Deadline(); d != clock.Never {
		deadline = d.Sub(w.now).Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%v: %s @%s", w.m.State(), show(acts), deadline)
}
