// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// reach leads a new world to a state, or to one of its kinds: PAUSING is INIT after
// the fourth refusal; "known" has a lease remembered that is not in use; "bound" has
// addresses in use where others do not; "two" has two of them, or two offers. A
// lease has 1000 s: T1 400 s, T2 640 s; the remembered one ends 900 s after boot.
var reach = map[string]func(w *world){
	"INIT":                  func(*world) {},
	"PAUSING":               func(w *world) { w.want(); w.refuse(4) },
	"SOLICITING":            func(w *world) { w.want() },
	"SOLICITING, late":      func(w *world) { w.want(); w.fire() },
	"SOLICITING, offered":   func(w *world) { w.want(); w.advertise() },
	"SOLICITING, rapid":     func(w *world) { w.want() },
	"SOLICITING, stateless": func(w *world) { w.inform(); w.reply(stateless); w.want() },
	"REQUESTING":            func(w *world) { w.request() },
	"REQUESTING, two":       func(w *world) { w.want(); w.advertise(from(rival)); w.advertise(prefers(255)) },
	"REQUESTING, bound":     func(w *world) { w.bind().fire(); w.reply(failsIA(dhcp6.NoBinding)) },
	"CONFIRMING":            func(w *world) { w.bind().step(lease6.LinkChanged{}) },
	"CONFIRMING, known":     func(w *world) { w.resume() },
	"BOUND":                 func(w *world) { w.bind() },
	"BOUND, two":            func(w *world) { w.bind(two) },
	"RENEWING":              func(w *world) { w.bind().fire() },
	"REBINDING":             func(w *world) { w.bind().at(640 * time.Second).fire() },
	"DECLINING":             func(w *world) { w.bind().duplicate(client) },
	"DECLINING, bound":      func(w *world) { w.bind(two).duplicate(second) },
	"INFORMING":             func(w *world) { w.inform() },
	"INFORMED":              func(w *world) { w.inform(); w.reply(stateless) },
	"STOPPED":               func(w *world) { w.bind().step(lease6.ReleaseRequested{}) },
}

// happen lets an event happen, with the clock where the state was entered unless
// it says something else.
var happen = map[string]func(w *world) []lease6.Action{
	"Wanted":            (*world).want,
	"Wanted, known":     (*world).resume,
	"Wanted, stateless": (*world).inform,
	"timer early":       func(w *world) []lease6.Action { return w.after(50 * time.Millisecond) },
	"timer due":         (*world).fire,
	"timer at T2":       func(w *world) []lease6.Action { return w.at(640 * time.Second).after(0) },
	"timer at end":      func(w *world) []lease6.Action { return w.at(1000 * time.Second).after(0) },
	"LinkChanged":       func(w *world) []lease6.Action { return w.step(lease6.LinkChanged{}) },
	"ADVERTISE":         func(w *world) []lease6.Action { return w.advertise() },
	"ADVERTISE, 255":    func(w *world) []lease6.Action { return w.advertise(from(rival), prefers(255)) },
	"ADVERTISE, NoAddrsAvail": func(w *world) []lease6.Action {
		return w.advertise(fails(dhcp6.NoAddrsAvail))
	},
	"REPLY":               func(w *world) []lease6.Action { return w.reply() },
	"REPLY, rapid":        func(w *world) []lease6.Action { return w.reply(rapid) },
	"REPLY, other server": func(w *world) []lease6.Action { return w.reply(from(rival)) },
	"REPLY, no server":    func(w *world) []lease6.Action { return w.reply(from(nil)) },
	"REPLY, other xid":    func(w *world) []lease6.Action { return w.reply(func(r *dhcp6.Reply) { r.XID++ }) },
	"REPLY, other client": func(w *world) []lease6.Action {
		return w.reply(func(r *dhcp6.Reply) { r.Client = []byte{9, 9} })
	},
	"REPLY, NotOnLink":     func(w *world) []lease6.Action { return w.reply(fails(dhcp6.NotOnLink)) },
	"REPLY, NoBinding":     func(w *world) []lease6.Action { return w.reply(failsIA(dhcp6.NoBinding)) },
	"REPLY, NoAddrsAvail":  func(w *world) []lease6.Action { return w.reply(failsIA(dhcp6.NoAddrsAvail)) },
	"REPLY, UnspecFail":    func(w *world) []lease6.Action { return w.reply(fails(dhcp6.UnspecFail)) },
	"REPLY, UseMulticast":  func(w *world) []lease6.Action { return w.reply(fails(dhcp6.UseMulticast)) },
	"REPLY, no address":    func(w *world) []lease6.Action { return w.reply(gives()) },
	"REPLY, lifetimes 0":   func(w *world) []lease6.Action { return w.reply(gives(life(client, 0, 0))) },
	"REPLY, T1 after T2":   func(w *world) []lease6.Action { return w.reply(times(600, 500)) },
	"REPLY, other address": func(w *world) []lease6.Action { return w.reply(gives(life(other, 800, 1000))) },
	"REPLY at end":         func(w *world) []lease6.Action { return w.at(1000 * time.Second).reply() },
	"duplicate":            func(w *world) []lease6.Action { return w.duplicate(client) },
	"duplicate, not ours":  func(w *world) []lease6.Action { return w.duplicate(other) },
	"ReleaseRequested":     func(w *world) []lease6.Action { return w.step(lease6.ReleaseRequested{}) },
	"Release at end": func(w *world) []lease6.Action {
		return w.at(1000 * time.Second).step(lease6.ReleaseRequested{})
	},
}

// TestTable names every pair of a state and an event. What comes of it is spelled
// "STATE: actions @time to the deadline"; "-" is: nothing at all.
func TestTable(t *testing.T) {
	table := map[string]map[string]string{}
	for _, part := range []map[string]map[string]string{tableBegin, tableSolicit, tableRequest, tableConfirm, tableExtend, tableDecline} {
		maps.Copy(table, part)
	}
	for state, prepare := range reach {
		for event, f := range happen {
			want, ok := table[state][event]
			if !ok {
				t.Errorf("%s × %s is not in the table", state, event)
				continue
			}
			w := newWorld(t, lease6.Config{RapidCommit: state == "SOLICITING, rapid"})
			prepare(w)
			if name := strings.ReplaceAll(state, "PAUSING", "INIT"); !strings.HasPrefix(name, w.m.State().String()) {
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

func outcome(w *world, acts []lease6.Action) string {
	deadline := "never"
	if d := w.m.Deadline(); d != clock.Never {
		deadline = d.Sub(w.now).Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%v: %s @%s", w.m.State(), show(acts), deadline)
}
