// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

func (w *world) wantTime(host string, most, want time.Duration) {
	w.t.Helper()
	if got := w.lans.TimeToStart(host, most); got != want {
		w.t.Errorf("a start on %s waits %s, want %s", host, got, want)
	}
}

// inVain is a start that waits that long for servers that are silent.
func (w *world) inVain(m *told, wait time.Duration) {
	asked := w.lans.cfg.Now()
	time.Sleep(wait)
	m.Unanswered(asked)
}

func TestSilenceCostsOneStartItsTime(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		host := one.Host()
		w.wantTime(host, 10*time.Second, 10*time.Second)
		w.wantTime("unknown", 10*time.Second, 10*time.Second)
		w.inVain(one, 10*time.Second)
		w.wantTime(host, 10*time.Second, time.Second)
		w.wantTime(host, time.Millisecond, time.Millisecond)
		w.wantTime("br1", 10*time.Second, 10*time.Second)
		if !two.Silent() || two.Patience() != patienceInCompany {
			t.Error("the LAN is not silent for others")
		}
		time.Sleep(silenceLasts - 11*time.Second)
		for range 10 { // the short ones do not make it last longer
			w.inVain(two, time.Second)
		}
		w.wantTime(host, 10*time.Second, time.Second)
		time.Sleep(time.Second)
		w.wantTime(host, 10*time.Second, 10*time.Second)
		w.inVain(two, 10*time.Second)
		w.wantTime(host, 10*time.Second, time.Second)
	})
}

func TestServerEndsTheSilence(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		w.inVain(one, 10*time.Second)
		time.Sleep(time.Second)
		two.Offered(addr, false)
		w.wantTime(one.Host(), 10*time.Second, 10*time.Second)
		if one.Silent() {
			t.Error("silent still")
		}
	})
}

// Neither a start with little time, nor one while a server talks to others, tells of silence: a
// server may ping first, or not know this client.
func TestWhatIsNoSilence(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		w.inVain(one, shortestSilence-1)
		w.wantTime(one.Host(), 10*time.Second, 10*time.Second)
		asked := w.lans.cfg.Now()
		time.Sleep(time.Second)
		two.Offered(addr, false)
		time.Sleep(9 * time.Second)
		one.Unanswered(asked)
		w.wantTime(one.Host(), 10*time.Second, 10*time.Second)
	})
}

// The host booted a moment ago.
func TestNotSilentSinceBoot(t *testing.T) {
	t.Parallel()
	if s := (servers{}); s.silent(clock.Instant(time.Second)) {
		t.Error("silent before anything was asked")
	}
}
