// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// RFC 8415 §18.2.3: a lease that has not ended is confirmed by any server before it
// is used again, and keeps its times.
func TestRememberedIsConfirmed(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.do(w.resume(), "CONFIRM,a").state(lease6.Confirming)
	if _, bound := w.m.Lease(); bound {
		t.Error("in use before it is confirmed")
	}
	if l, ok := w.m.Known(w.now); !ok || l.Addrs[0] != remembered.Addrs[0] {
		t.Errorf("knows %+v", l)
	}
	w.do(w.reply(from(rival), stateless), "Bind,1").state(lease6.Bound)
	if l, _ := w.m.Lease(); l.T1 != remembered.T1 || l.T2 != remembered.T2 || l.Start != remembered.Start || string(l.Server) != string(server) {
		t.Errorf("lease %+v", l)
	}
}

// No answer for 10 s (CNF_MAX_RD): it is used, and renewed if that is due.
func TestUnansweredConfirmIsUsed(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.resume()
	for w.now < boot.Add(10*time.Second) {
		w.state(lease6.Confirming)
		w.fire()
	}
	if w.now != boot.Add(10*time.Second) || w.held == nil {
		t.Errorf("in use %s after boot: %v", w.now.Sub(boot), w.addrs())
	}
	w.state(lease6.Bound)

	w = newWorld(t, lease6.Config{}).at(310 * time.Second) // T1 is over
	w.resume()
	w.do(w.after(10*time.Second), "Report Bind,1 RENEW,s,a").state(lease6.Renewing)
}

// NotOnLink: other addresses are asked for, these not again.
func TestNotOnLinkIsSolicit(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.resume()
	w.do(w.reply(fails(dhcp6.NotOnLink)), "Report SOLICIT")
	if l, ok := w.m.Known(w.now); ok {
		t.Errorf("knows %+v, which was refused", l)
	}
	w = newWorld(t, lease6.Config{}).bind()
	w.step(lease6.LinkChanged{})
	w.do(w.reply(from(rival), fails(dhcp6.NotOnLink)), "Report Unbind SOLICIT")
}

// The link may be another one: the address is used while that is asked.
func TestLinkChangeIsConfirmed(t *testing.T) {
	for _, at := range []time.Duration{0, 400 * time.Second, 640 * time.Second} {
		w := newWorld(t, lease6.Config{}).bind().at(at)
		w.after(0)
		w.do(w.step(lease6.LinkChanged{}), "CONFIRM,a").state(lease6.Confirming)
		if len(w.addrs()) != 1 {
			t.Error("not in use")
		}
		want := map[time.Duration]string{400 * time.Second: "RENEW,s,a", 640 * time.Second: "REBIND,a"}[at]
		w.do(w.reply(), want)
	}
}

// A second change of the link is another exchange; an answer to the first is none.
func TestLinkChangesTwice(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind()
	w.step(lease6.LinkChanged{})
	old := w.m.XID()
	w.step(lease6.LinkChanged{})
	w.do(w.reply(func(r *dhcp6.Reply) { r.XID = old }), "").state(lease6.Confirming)
}

// A remembered lease of which one address has ended, or both.
func TestRememberedHasEnded(t *testing.T) {
	l := remembered
	l.Addrs = append([]lease6.Addr{{Addr: second, Preferred: boot, Valid: boot}}, l.Addrs...)
	w := newWorld(t, lease6.Config{})
	s := sent(w.step(lease6.Wanted{Addresses: true, Remembered: l}))
	if len(s) != 1 || len(s[0].Addrs) != 1 || s[0].Addrs[0] != client {
		t.Errorf("sent %+v", s)
	}
	w = newWorld(t, lease6.Config{}).at(900 * time.Second)
	w.do(w.step(lease6.Wanted{Addresses: true, Remembered: l}), "SOLICIT,aa")
	if _, ok := w.m.Known(w.now); ok {
		t.Error("knows what has ended")
	}
}

// It ends before anybody has answered: SOLICIT at once, not when CONFIRM is due again.
func TestRememberedEndsMeanwhile(t *testing.T) {
	l := remembered
	l.Addrs = []lease6.Addr{{Addr: client, Preferred: boot, Valid: boot.Add(500 * time.Millisecond)}}
	w := newWorld(t, lease6.Config{})
	w.do(w.step(lease6.Wanted{Addresses: true, Remembered: l}), "CONFIRM,a").do(w.fire(), "SOLICIT,a")
	if w.now != boot.Add(500*time.Millisecond) {
		t.Errorf("%s after boot", w.now.Sub(boot))
	}
}

// Whatever the disk says, what is bound is in order, and over when it is over.
func TestRememberedInDisorder(t *testing.T) {
	l := remembered
	l.Start, l.T1, l.T2 = clock.Never, 7, clock.Never
	w := newWorld(t, lease6.Config{})
	w.do(w.step(lease6.Wanted{Addresses: true, Remembered: l}), "CONFIRM,a")
	w.reply() // world looks at the order
	w.do(w.at(900*time.Second).after(0), "Unbind SOLICIT,a")
}
