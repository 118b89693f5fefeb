// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// RFC 8415 §18.2.7: the addresses are out of use before RELEASE says so; there is
// one, in an exchange of its own, and nothing comes after it.
func TestRelease(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind(two)
	in := w.addrs()
	w.fire()
	renew := w.m.XID()
	acts := w.step(lease6.ReleaseRequested{})
	w.do(acts, "Unbind RELEASE,s,aa").state(lease6.Stopped)
	s := sent(acts)[0]
	if s.XID == renew || s.Elapsed != 0 || !bytes.Equal(s.Server, server) || !slices.Equal(s.Addrs, in) {
		t.Errorf("sent %+v", s)
	}
	for _, f := range happen {
		w.do(f(w), "").state(lease6.Stopped)
	}
}

// A remembered lease is given back, too; one that has ended is not.
func TestReleaseOfRemembered(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.resume()
	w.do(w.step(lease6.ReleaseRequested{}), "RELEASE,s,a")
	w = newWorld(t, lease6.Config{})
	w.resume()
	w.do(w.at(900*time.Second).step(lease6.ReleaseRequested{}), "")
}

// Without addresses there is nothing to give back (RFC 8415 §18.2.6).
func TestStatelessIsNotReleased(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.inform()
	w.reply(stateless)
	w.do(w.step(lease6.ReleaseRequested{}), "Unbind").state(lease6.Stopped)
}

// The refresh time (option 32): a day without one, at least 600 s, at most a week.
func TestInformationRefresh(t *testing.T) {
	for secs, want := range map[uint32]time.Duration{
		0: 600 * time.Second, 599: 600 * time.Second, 3600: time.Hour, 864000: 168 * time.Hour, dhcp6.Infinite: 168 * time.Hour,
	} {
		w := newWorld(t, lease6.Config{})
		w.inform()
		w.do(w.reply(stateless, func(r *dhcp6.Reply) { r.Refresh, r.HasRefresh = secs, true }), "Bind,0")
		if got := w.m.Deadline().Sub(boot); got != want {
			t.Errorf("%d: asks again after %s, want %s", secs, got, want)
		}
	}
	w := newWorld(t, lease6.Config{})
	w.inform()
	w.reply(stateless)
	if got := w.m.Deadline().Sub(boot); got != 24*time.Hour {
		t.Errorf("asks again after %s", got)
	}
	w.do(w.fire(), "INFORMATION-REQUEST").do(w.fire(), "INFORMATION-REQUEST").do(w.reply(fails(dhcp6.UnspecFail)), "Report")
	if l, ok := w.m.Lease(); !ok || len(l.DNS) != 1 {
		t.Errorf("lease %+v: what there is was not kept", l)
	}
	w.do(w.reply(stateless), "Bind,0").state(lease6.Informed)
}

// A server that was away for longer than what it says holds for.
func TestInformationIsOldAlready(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.inform()
	old := func(r *dhcp6.Reply) { r.Refresh, r.HasRefresh = 600, true }
	w.at(700*time.Second).do(w.reply(stateless, old), "Bind,0 INFORMATION-REQUEST").do(w.reply(stateless, old), "Bind,0")
	w.state(lease6.Informed)
}

// Addresses come to be wanted later: the names stay until there is a lease. That
// they are not wanted any more takes none away.
func TestStatelessGoesOverToAddresses(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.inform()
	w.reply(stateless)
	w.do(w.want(), "SOLICIT")
	if l, ok := w.m.Lease(); !ok || len(l.DNS) != 1 {
		t.Errorf("lease %+v", l)
	}
	w.advertise(prefers(255))
	w.do(w.reply(), "Bind,1").do(w.inform(), "").state(lease6.Bound)

	w = newWorld(t, lease6.Config{})
	w.inform()
	w.do(w.resume(), "CONFIRM,a").do(w.reply(stateless), "Bind,1").state(lease6.Bound)
}

// Restored without addresses it is INFORMED, and asks again at its time.
func TestRestoreStateless(t *testing.T) {
	w := newWorld(t, lease6.Config{}).restore(lease6.Lease{Server: server, Start: boot, T1: boot.Add(time.Hour), T2: 1<<63 - 1})
	w.state(lease6.Informed).do(w.after(0), "").do(w.at(2*time.Hour).after(0), "INFORMATION-REQUEST")
}
