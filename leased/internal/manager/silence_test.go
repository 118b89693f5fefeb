// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"testing"
	"time"

	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// setUpAfter calls a plugin's Setup and returns how long it took.
func (w *world) setUpAfter(i int, o map[string]string) (setup, time.Duration) {
	w.t.Helper()
	s, begin := w.space(i, o), time.Now()
	s.Netavark, s.Wanted.ContainerName = true, fmt.Sprintf("web%d", i)
	got, _ := w.call(context.Background(), s, true)
	took := time.Since(begin)
	w.rest()
	return got, took
}

// Podman starts the containers one after the other, with its network lock held.
func TestTwelveStartsOnASilentLAN(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		begin := time.Now()
		for i := range 12 {
			got, took := w.setUpAfter(i+2, nil)
			want, says := time.Second, "no DHCP server answered on br0 within 1s, and another start has waited in vain a moment ago;"
			if i == 0 {
				want, says = 10*time.Second, "no DHCP server answered on br0 within 10s;"
			}
			w.noLease(got.lease, got.err, says)
			if took != want {
				t.Errorf("start %d took %s, want %s", i, took, want)
			}
		}
		if all := time.Since(begin); all > 22*time.Second {
			t.Errorf("all of them took %s", all)
		}
		w.server.set(grant(time.Hour))
		w.mustSetUp(w.space(9, nil)) // which ends the silence
		w.server.set(silent)
		if _, took := w.setUpAfter(20, nil); took != 10*time.Second {
			t.Errorf("after a server was heard a start takes %s", took)
		}
	})
}

// A server that gives nobody a lease costs two starts their time. The error says what it does.
func TestStartsAtAServerThatGivesNone(t *testing.T) {
	for name, tt := range map[string]struct {
		answer
		says string
	}{
		"NAK": {func(m message) []dt.Server {
			if m.kind == dhcp4.Discover {
				return grant(time.Hour)(m)
			}
			return refuse(m)
		}, `: server refused the address: 192.0.2.1: "wrong network"`},
		"no ACK": {offersOnly, "did not confirm it within"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.setUpAfter(2, nil)
				w.pass(time.Minute)
				w.server.set(tt.answer)
				for i, want := range []struct {
					took time.Duration
					says string
				}{
					{10 * time.Second, "within 10s"},
					{10 * time.Second, "within 10s"},
					{time.Second, "within 1s, and another start has waited in vain a moment ago"},
				} {
					got, took := w.setUpAfter(i+3, nil)
					w.noLease(got.lease, got.err, want.says)
					w.noLease(got.lease, got.err, tt.says)
					if took != want.took {
						t.Errorf("start %d took %s, want %s", i, took, want.took)
					}
				}
				w.server.set(grant(time.Hour))
				w.setUpAfter(9, nil)
				w.server.set(tt.answer)
				if _, took := w.setUpAfter(20, nil); took != 10*time.Second {
					t.Errorf("after a server gave a lease a start takes %s", took)
				}
			})
		})
	}
}

// A container that its server ignores shortens its own starts, and nobody else's. So it is after
// a restart of leased.
func TestOneIgnoredContainer(t *testing.T) {
	inWorld(t, func(w *world) {
		w.setUpAfter(2, nil)
		w.pass(time.Minute)
		w.server.set(func(m message) []dt.Server {
			if m.ClientHWAddr[5] == 3 {
				return nil
			}
			return grant(time.Hour)(m)
		})
		for range 2 {
			w.setUpAfter(3, nil)
			got, took := w.setUpAfter(3, nil)
			w.noLease(got.lease, got.err, "within 1s, and this container's start before has waited in vain, too")
			if took != time.Second {
				t.Errorf("the second start takes %s", took)
			}
			if d := w.m.env.LANs.TimeToStart("br0", "web4", 10*time.Second); d != 10*time.Second {
				t.Errorf("others may wait %s", d)
			}
			if err := w.restart(func() { time.Sleep(time.Hour / 4) }); err != nil {
				t.Error(err)
			}
		}
	})
}

// The hook holds no lock, and no DHCP server concerns who does without IPv4.
func TestOthersWaitInSilence(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		w.setUpAfter(2, nil)
		begin := time.Now()
		w.setUp(context.Background(), w.space(3, nil), true)
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("a hook's start took %s", took)
		}
		s := w.space(4, nil)
		s.Wanted.Options.IPv6 = "only"
		s.LimitTime(func(string, string, time.Duration) time.Duration { return 0 })
		if s.Wanted.Options.LeaseTimeout != 10*time.Second {
			t.Error("ipv6=only is limited by DHCPv4")
		}
	})
}

func TestLimitedOptionIsLogged(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.space(9, nil)
		s.Wanted.Options.Limited = []options.Limited{{Option: "lease_timeout=40s", To: "10s"}}
		w.mustSetUp(s)
		if !w.log.has(`msg="a container's option is limited by its network's" container=web net=lan ifname=eth0 option="lease_timeout=40s" to=10s`) {
			t.Error("it is not")
		}
	})
}
