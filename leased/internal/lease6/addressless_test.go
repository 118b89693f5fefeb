// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// Routers announce addresses by DHCPv6, and the server has DNS servers alone. The information is
// asked for, and used; SOLICIT goes on with the waits that it had.
func TestServerWithoutAddresses(t *testing.T) {
	for name, answer := range map[string]change{
		"NoAddrsAvail":       fails(dhcp6.NoAddrsAvail),
		"NoAddrsAvail in IA": failsIA(dhcp6.NoAddrsAvail),
		"no IA":              stateless,
		"no address":         gives(),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lease6.Config{})
			w.want()
			w.do(w.advertise(answer), "Report").state(lease6.Soliciting)
			w.do(w.fire(), "INFORMATION-REQUEST").state(lease6.Informing)
			if w.now.Sub(boot) != 100*time.Millisecond || w.m.Without() {
				t.Errorf("asked after %s", w.now.Sub(boot))
			}
			w.do(w.reply(stateless), "Bind,0").state(lease6.Informed)
			if l, ok := w.m.Lease(); !ok || len(l.DNS) != 1 || !w.m.Without() {
				t.Errorf("%+v, %t", l, ok)
			}
			w.do(w.fire(), "SOLICIT").state(lease6.Soliciting)
			for range 5 { // the information is not asked for again
				w.do(w.advertise(answer), "Report").do(w.fire(), "SOLICIT")
			}
			if wait := w.m.Deadline().Sub(w.now); wait < 30*time.Second {
				t.Errorf("the next SOLICIT comes after %s", wait)
			}
			w.do(w.advertise(), "REQUEST,s,a").do(w.reply(), "Bind,1").state(lease6.Bound)
			if w.m.Without() {
				t.Error("no address")
			}
		})
	}
}

// A server with addresses has the time to answer that it has after an offer.
func TestServerWithoutAddressesAndAnother(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	w.advertise(from(rival), fails(dhcp6.NoAddrsAvail))
	w.do(w.advertise(), "").do(w.fire(), "REQUEST,s,a")
}

// A server that does not answer SOLICIT at all may answer this.
func TestServerThatOnlyInforms(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	w.do(w.fire(), "SOLICIT").do(w.fire(), "SOLICIT").do(w.fire(), "INFORMATION-REQUEST")
	w.do(w.reply(stateless), "Bind,0").do(w.fire(), "SOLICIT").do(w.fire(), "SOLICIT")
	w = newWorld(t, lease6.Config{})
	w.want()
	w.fire()
	w.fire()
	w.do(w.fire(), "INFORMATION-REQUEST").do(w.fire(), "SOLICIT").do(w.fire(), "SOLICIT") // once
}

// The information is asked for again at its time, and on another link addresses come first.
func TestInformationInPlaceOfAddresses(t *testing.T) {
	inPlace := func() *world {
		w := newWorld(t, lease6.Config{})
		w.want()
		w.advertise(fails(dhcp6.NoAddrsAvail))
		w.fire()
		w.reply(stateless)
		return w
	}
	w := inPlace()
	for asked := false; !asked; {
		s := sent(w.fire())
		asked = s[0].Type == dhcp6.InformationRequest
		if d := w.now.Sub(boot); asked && d < 24*time.Hour || d > 26*time.Hour {
			t.Fatalf("%s after %s", s[0].Type, d)
		}
	}
	w.do(w.reply(stateless), "Bind,0").do(w.fire(), "SOLICIT")
	w = inPlace()
	w.do(w.step(lease6.LinkChanged{}), "SOLICIT").state(lease6.Soliciting)
	w = inPlace()
	w.do(w.step(lease6.ReleaseRequested{}), "Unbind").state(lease6.Stopped)
}
