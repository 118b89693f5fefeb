// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/lease6"
)

// RFC 8415 §18.2.8: the address is out of use before DECLINE says so, to the server
// that gave it; then another is asked for, not this one again.
func TestDuplicateIsDeclined(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind()
	acts := w.duplicate(client)
	w.do(acts, "Unbind DECLINE,s,a Report").state(lease6.Declining)
	if s := sent(acts)[0]; !bytes.Equal(s.Server, server) || !slices.Equal(s.Addrs, []netip.Addr{client}) {
		t.Errorf("sent %+v", s)
	}
	w.do(w.duplicate(client), "").do(w.reply(stateless), "SOLICIT").state(lease6.Soliciting)
}

// Nobody answers: four DECLINEs, then SOLICIT (DEC_MAX_RC).
func TestDeclineEnds(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind()
	w.duplicate(client)
	for range 3 {
		w.do(w.fire(), "DECLINE,s,a")
	}
	w.do(w.fire(), "SOLICIT")
}

// The other address stays, and its T1 is not lost, even if it comes meanwhile.
func TestDuplicateOfOneOfTwo(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind(two)
	w.do(w.duplicate(second), "Bind,1 DECLINE,s,a Report").do(w.reply(), "").state(lease6.Bound)
	if w.m.Deadline() != boot.Add(400*time.Second) {
		t.Errorf("T1 %s after boot", w.m.Deadline().Sub(boot))
	}
	w = newWorld(t, lease6.Config{}).bind(two)
	w.fire()
	w.do(w.duplicate(client), "Bind,1 DECLINE,s,a Report").do(w.reply(), "RENEW,s,a").state(lease6.Renewing)

	w = newWorld(t, lease6.Config{}).bind(two)
	w.duplicate(client)
	acts := w.duplicate(second) // while the DECLINE of the first is not answered
	w.do(acts, "Unbind DECLINE,s,aa Report").do(w.reply(), "SOLICIT")
}

// What was not known of the link before DECLINE is asked for after it.
func TestDeclineThenConfirm(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind(two)
	w.duplicate(second)
	w.do(w.step(lease6.LinkChanged{}), "").do(w.reply(), "CONFIRM,a").do(w.reply(), "").state(lease6.Bound)
	w.step(lease6.LinkChanged{})
	w.do(w.duplicate(client), "Unbind DECLINE,s,a Report").do(w.reply(), "SOLICIT")

	w = newWorld(t, lease6.Config{}).bind(two)
	w.step(lease6.LinkChanged{})
	w.duplicate(second)
	w.do(w.reply(), "CONFIRM,a")
}

// Duplicate after duplicate: three times no pause, then 10, 20 … 300 s, until there
// was none for a while.
func TestDuplicatePauses(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	again := func(want time.Duration) {
		t.Helper()
		w.advertise()
		w.fire()
		w.reply()
		w.duplicate(client)
		w.reply()
		if got := w.m.Deadline().Sub(w.now); want > 0 && (w.m.State() != lease6.Init || got != want*time.Second) {
			t.Errorf("%v for %s, want INIT for %ds", w.m.State(), got, want)
		}
		if want > 0 {
			w.fire()
		}
		w.state(lease6.Soliciting)
	}
	for _, want := range []time.Duration{0, 0, 0, 10, 20, 40, 80, 160, 300, 300} {
		again(want)
	}
	w.now = w.now.Add(16 * time.Minute)
	again(0)
}
