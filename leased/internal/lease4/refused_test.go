// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// An address that was found in use lately is not taken from an OFFER; another
// server's may do.
func TestRefusedOffer(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	acts := w.refused(dhcp4.Offer)
	if r, ok := acts[0].(lease4.Report); !ok || r.Detail != "address is in use by another host (address 192.0.2.9, server 192.0.2.1)" {
		t.Errorf("got %+v", acts)
	}
	if got := show(w.reply(dhcp4.Offer, your(other), from(rival))); got != "REQUEST,r,s" {
		t.Errorf("then: %s", got)
	}
}

// One that may be declined is asked for, to decline it: dnsmasq offers an address
// again and again to whoever ignores it. It is neither probed nor ever bound.
func TestRefusedOfferIsDeclined(t *testing.T) {
	for name, cfg := range map[string]lease4.Config{"off": {}, "quick": quick, "full": {Check: lease4.CheckFull}} {
		w := newWorld(t, cfg)
		w.step(lease4.Started{})
		r := dhcp4.Reply{
			Type: dhcp4.Offer, XID: w.m.XID(), Your: client, Server: server, Mask: 24, LeaseTime: 1000, HasLeaseTime: true,
		}
		if got := show(w.step(lease4.ReplyReceived{Reply: r, Refused: true, Decline: true})); got != "Report REQUEST,r,s" {
			t.Errorf("%s: OFFER: %s", name, got)
		}
		if got := show(w.reply(dhcp4.Ack)); got != "DECLINE,r,s DISCOVER" {
			t.Errorf("%s: ACK: %s", name, got)
		}
		w.reply(dhcp4.Offer, your(other))
		w.reply(dhcp4.Ack, your(other))
		for w.m.State() != lease4.Bound {
			w.fire()
		}
		if l, _ := w.m.Lease(); l.Addr.Addr() != other {
			t.Errorf("%s: bound %v", name, l.Addr)
		}
	}
}

// From an ACK neither: it counts as a conflict without DECLINE, with its pauses.
func TestRefusedACK(t *testing.T) {
	w := newWorld(t, quick)
	w.reboot()
	if got := show(w.refused(dhcp4.Ack)); got != "Report DISCOVER" {
		t.Errorf("REBOOTING: %s", got)
	}
	w.reply(dhcp4.Offer)
	if got := show(w.refused(dhcp4.Ack)); got != "Report" || w.m.State() != lease4.Init || w.m.Deadline().Sub(w.now) != 10*time.Second {
		t.Errorf("REQUESTING: %v: %s", w.m.State(), got)
	}
	if _, ok := w.m.Known(w.now); ok {
		t.Error("knows it still")
	}
	w.fire()
	w.reply(dhcp4.Offer)
	w.reply(dhcp4.Ack)
	w.fire()
	w.fire()
	w.reply(dhcp4.Nak)
	w.reply(dhcp4.Offer)
	if w.refused(dhcp4.Ack); w.m.State() != lease4.Selecting {
		t.Errorf("after an undisturbed lease: %v", w.m.State())
	}
}

// The lease in use is not given up for what the caller has heard of another
// address, nor for what it has heard of its own.
func TestRefusedRenewal(t *testing.T) {
	w := newWorld(t, lease4.Config{}).bind()
	w.fire()
	if got := show(w.refused(dhcp4.Ack, your(other))); got != "Report" || w.m.State() != lease4.Renewing {
		t.Errorf("another address: %v: %s", w.m.State(), got)
	}
	if got := show(w.refused(dhcp4.Ack)); got != "Bind" {
		t.Errorf("its own: %s", got)
	}
}
