// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"strconv"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const usual, short = 10 * time.Second, time.Second

// wantTime wants how long a start of a container on br0 may wait.
func (w *world) wantTime(by string, want time.Duration) {
	w.t.Helper()
	if got := w.lans.TimeToStart("br0", by, usual); got != want {
		w.t.Errorf("a start of %s waits %s, want %s", by, got, want)
	}
}

// inVain is a start of a container that waits that long for servers that are silent.
func (w *world) inVain(m *told, by string, wait time.Duration) {
	w.t.Helper()
	asked := w.lans.cfg.Now()
	time.Sleep(wait)
	m.Waited(Wait{By: by, Asked: asked})
}

// refused is inVain where a server answers, and gives no lease.
func (w *world) refused(m *told, by string) {
	asked := w.lans.cfg.Now()
	time.Sleep(usual)
	m.Offered(addr, false)
	m.Waited(Wait{By: by, Asked: asked, Refused: true})
}

// heard is a LAN with a server, of which nothing more is heard.
func (w *world) heard(m *told) {
	m.Granted()
	time.Sleep(time.Hour)
}

// The host has booted, and no server was heard ever.
func TestSilenceCostsOneStartItsTime(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		w.wantTime("a", usual)
		w.inVain(one, "a", usual)
		w.wantTime("a", short)
		w.wantTime("b", short)
		if got := w.lans.TimeToStart("br0", "b", time.Millisecond); got != time.Millisecond {
			t.Errorf("a start of 1ms waits %s", got)
		}
		for _, host := range []string{"unknown", w.join(numbered("br1", 3)).Host()} {
			if got := w.lans.TimeToStart(host, "a", usual); got != usual {
				t.Errorf("on %s a start waits %s", host, got)
			}
		}
		if others, _ := two.Silent("b"); !others || two.Patience() != patienceInCompany {
			t.Error("the LAN is not silent for others")
		}
		time.Sleep(silenceLasts - 11*time.Second)
		for range 10 { // the short ones do not make it last longer
			w.inVain(two, "b", time.Second)
		}
		w.wantTime("b", short)
		time.Sleep(time.Second)
		w.wantTime("b", usual)
		w.inVain(two, "b", usual)
		w.wantTime("c", short)
	})
}

func TestServerEndsTheSilence(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		w.inVain(one, "a", usual)
		time.Sleep(time.Second)
		two.Offered(addr, false)
		w.wantTime("a", usual)
		if others, own := one.Silent("a"); others || own {
			t.Error("silent still")
		}
	})
}

// One container whose server ignores it costs the others nothing, however often it starts, and
// its own next start only a second.
func TestOneIsIgnored(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		w.heard(two)
		for range 5 {
			w.inVain(one, "a", usual)
			w.wantTime("a", short)
			w.wantTime("b", usual)
			if others, own := one.Silent("a"); others || !own || two.Patience() != patienceAlone {
				t.Errorf("silent for others %t, for itself %t", others, own)
			}
			time.Sleep(silenceLasts)
			w.wantTime("a", usual)
		}
		w.inVain(two, "b", usual)
		w.wantTime("c", short)
	})
}

// The second container tells of silence only if the first one's start was a moment ago, and no
// server was heard since.
func TestTwoInVain(t *testing.T) {
	for name, tt := range map[string]struct {
		between func(m *told)
		want    time.Duration
	}{
		"at once":                               {func(*told) {}, short},
		"long ago":                              {func(*told) { time.Sleep(vainLasts) }, usual},
		"a server between":                      {func(m *told) { time.Sleep(time.Second); m.Offered(addr, false) }, usual},
		"a known lease in use without a server": {func(m *told) { time.Sleep(vainLasts); m.Resorted() }, short},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				one, two := w.member(1), w.member(2)
				w.heard(one)
				w.inVain(one, "a", usual)
				tt.between(two)
				w.inVain(two, "b", usual)
				w.wantTime("c", tt.want)
			})
		})
	}
}

// A server that refuses everybody, or confirms no offer, costs as little as a silent one, until
// it gives a lease to anybody.
func TestServerThatRefusesAll(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		w.refused(one, "a")
		w.wantTime("a", short)
		w.wantTime("b", usual)
		w.refused(two, "b")
		w.wantTime("c", short)
		if two.Patience() != patienceAlone {
			t.Error("a known lease does not wait for servers that answer")
		}
		time.Sleep(time.Second)
		two.Offered(addr, false)
		w.wantTime("c", short)
		two.Granted()
		w.wantTime("c", usual)
		w.wantTime("a", usual)
	})
}

// Neither a start with little time, nor one while a server talks to others, tells of silence: a
// server may ping first, or not know this client.
func TestWhatIsNoSilence(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		w.inVain(one, "a", shortestSilence-1)
		w.wantTime("a", usual)
		asked := w.lans.cfg.Now()
		time.Sleep(time.Second)
		two.Granted()
		time.Sleep(9 * time.Second)
		for _, refused := range []bool{false, true} {
			one.Waited(Wait{By: "a", Asked: asked, Refused: refused})
			one.Waited(Wait{By: "b", Asked: asked, Refused: refused})
			w.wantTime("a", usual)
		}
	})
}

// Leases of before leased's start tell of a server, those of before the boot do not.
func TestServerFromBefore(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		one.GrantedAt(-clock.Instant(time.Hour))
		if one.lan.servers.heardAt != 0 {
			t.Error("a server of the boot before was heard")
		}
		one.GrantedAt(clock.Never) // no lease is from the future
		if two.HeardSince(w.lans.cfg.Now()) {
			t.Error("a server will be heard")
		}
		w.inVain(two, "b", usual)
		w.wantTime("a", usual)
	})
}

func TestStartsInVainAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.member(1)
		m.Granted()
		most := 0
		for i := range 100_000 {
			asked := w.lans.cfg.Now()
			time.Sleep(shortestSilence)
			if i%7 == 0 {
				m.Offered(addr, false)
			}
			m.Waited(Wait{By: strconv.Itoa(i), Asked: asked, Refused: i%3 == 0})
			most = max(most, len(m.lan.servers.starts))
		}
		if most > 24 {
			t.Errorf("%d containers are remembered", most)
		}
	})
}

// The host booted a moment ago.
func TestNotSilentSinceBoot(t *testing.T) {
	t.Parallel()
	if s := (servers{}); s.short(clock.Instant(time.Second), "a") {
		t.Error("silent before anything was asked")
	}
}
