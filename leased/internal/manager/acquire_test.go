// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

func TestAcquireAnswersWithWhatWasApplied(t *testing.T) {
	inWorld(t, func(w *world) {
		l, _ := w.acquire(w.container(9))
		if l.Address != netip.MustParsePrefix("192.0.2.9/24") || l.Gateway != router || l.Server != router ||
			len(l.DNS) != 1 || len(l.Routes) != 1 || !slices.Equal(l.Search, []string{"example.net"}) ||
			*l.Renew != 1800 || *l.Rebind != 3150 || *l.Expire != 3600 {
			t.Errorf("%+v", l)
		}
		w.wantHeard("DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "apply 192.0.2.9/24")
		if w.store.len() != 1 || w.kernel.open.Load() != 0 {
			t.Errorf("%d records, %d sockets", w.store.len(), w.kernel.open.Load())
		}
		w.pass(10 * time.Minute)
		if got := listed(w.m)[0]; *got.Lease.Renew != 1200 || *got.Lease.Expire != 3000 || got.Link.Host != "br0" {
			t.Errorf("10 minutes later List says %+v, %+v", got, got.Lease)
		}
	})
}

func TestNoDefaultRouteIsNotApplied(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.NoDefaultRoute = true
		if l, _ := w.acquire(req); l.Gateway.IsValid() || len(l.Routes) != 0 {
			t.Errorf("%+v", l)
		}
	})
}

// noLease fails the test unless err is for the user and says all of want.
func (w *world) noLease(l *leaseapi.Lease, err error, want ...string) {
	w.t.Helper()
	var e *leaseapi.Error
	if l != nil || !errors.As(err, &e) || e.Name != leaseapi.ErrorNoLease {
		w.t.Fatalf("Acquire: %v, %v", l, err)
	}
	for _, s := range want {
		if !strings.Contains(e.Message, s) {
			w.t.Errorf("%q does not say %q", e.Message, s)
		}
	}
}

func TestNoServerInTime(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		begin := time.Now()
		l, _, err := w.m.Acquire(context.Background(), w.container(9))
		w.noLease(l, err, "no DHCP server answered on br0 within 10s", "uplink", "journalctl -u leased")
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("that took %v", d)
		}
		w.wantNothingLeft()
		w.server.since()
		w.pass(time.Hour)
		w.wantHeard()
	})
}

func TestServerOffersAndConfirmsNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(offersOnly)
		l, _, err := w.m.Acquire(context.Background(), w.container(9))
		w.noLease(l, err, "made an offer but did not confirm it within 10s; the server's log may tell the reason")
		w.wantNothingLeft()
	})
}

func offersOnly(m message) []dt.Server {
	if m.kind == dhcp4.Request {
		return nil
	}
	return grant(time.Hour)(m)
}

func TestServerRefusesForEver(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(func(m message) []dt.Server {
			if m.kind == dhcp4.Request {
				return refuse(m)
			}
			return grant(time.Hour)(m)
		})
		l, _, err := w.m.Acquire(context.Background(), w.container(9))
		w.noLease(l, err, "server refused the address", "wrong network")
		if n := w.server.count("DISCOVER packet"); n > 8 {
			t.Errorf("%d DISCOVERs in 10 s", n)
		}
	})
}

// The container starts without; the lease comes when the server does.
func TestGoOnWithoutLease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		req := w.container(9)
		req.Policy.OnTimeout = "continue"
		l, _, err := w.m.Acquire(context.Background(), req)
		if l != nil || err != nil {
			t.Fatalf("Acquire: %v, %v", l, err)
		}
		w.wantState("SELECTING")
		w.server.set(grant(time.Hour))
		w.pass(2 * time.Minute)
		w.wantState("BOUND")
		if calls := w.kernel.since(); calls[len(calls)-1] != "apply 192.0.2.9/24" {
			t.Errorf("%q", calls)
		}
	})
}

func TestAcquireTwiceIsOneExchange(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		w.pass(time.Minute)
		if l, _ := w.acquire(req); *l.Expire != 3540 {
			t.Errorf("%+v", l)
		}
		w.wantHeard("DISCOVER packet", "REQUEST packet")
	})
}

func TestHundredIdenticalAcquiresAreOneExchange(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.server.set(silent)
		got := make(chan *leaseapi.Lease)
		for range 100 {
			go func() {
				l, _, err := w.m.Acquire(context.Background(), req)
				if err != nil {
					t.Error(err)
				}
				got <- l
			}()
		}
		w.rest()
		w.server.set(grant(time.Hour))
		for range 100 {
			if l := <-got; l == nil || l.Address.String() != "192.0.2.9/24" {
				t.Errorf("%+v", l)
			}
		}
		w.rest()
		w.wantHeard("DISCOVER packet", "DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "apply 192.0.2.9/24")
	})
}

// The container was started again, and nobody said that it had ended.
func TestAcquireOnAnotherLinkReplaces(t *testing.T) {
	for name, change := range map[string]func(p *kernel.Place){
		"netns":   func(p *kernel.Place) { p.Cookie++ },
		"ifindex": func(p *kernel.Place) { p.Index++ },
		"MAC":     func(p *kernel.Place) { p.MAC = net.HardwareAddr{2, 0, 0, 0, 0, 10} },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				req := w.container(9)
				w.acquire(req)
				p, _ := w.kernel.Find(request.Link{Netns: req.Link.Netns}, req.Attachment.Interface)
				change(&p)
				w.kernel.add(p)
				w.server.since()
				req.Link.MAC = p.MAC.String()
				w.acquire(req)
				if w.m.Len() != 1 || w.store.len() != 1 {
					t.Errorf("%d attachments, %d records", w.m.Len(), w.store.len())
				}
				if name != "MAC" { // the same client: its lease, by INIT-REBOOT
					w.wantHeard("REQUEST packet")
				} else if heard := w.server.since(); len(heard) < 2 || heard[len(heard)-2] != "DISCOVER packet" {
					t.Errorf("heard %q", heard)
				}
			})
		})
	}
}

// The first caller must not wait for its time to be over.
func TestAcquireOnAnotherLinkAnswersTheFirstCaller(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		req := w.container(9)
		first := w.inBackground(context.Background(), req)
		p, _ := w.kernel.Find(request.Link{Netns: req.Link.Netns}, req.Attachment.Interface)
		p.Cookie++
		w.kernel.add(p)
		w.server.set(grant(time.Hour))
		w.acquire(req)
		if r := <-first; r.err == nil {
			t.Errorf("the first caller got %+v", r.lease)
		}
		w.wantState("BOUND")
	})
}

// result is what an Acquire returned.
type result struct {
	lease *leaseapi.Lease
	err   error
}

func (w *world) inBackground(ctx context.Context, req leaseapi.AcquireRequest) <-chan result {
	answer := make(chan result, 1)
	go func() {
		l, _, err := w.m.Acquire(ctx, req)
		answer <- result{l, err}
	}()
	w.rest()
	return answer
}

func TestNoSuchContainer(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.kernel.remove(req.Link.Netns)
		if _, _, err := w.m.Acquire(context.Background(), req); err == nil {
			t.Error("no error")
		}
		w.wantNothingLeft()
		w.wantHeard()
	})
}

// A crash right behind the answer must find the lease on disk.
func TestAnswerComesAfterTheRecord(t *testing.T) {
	inWorld(t, func(w *world) {
		w.store.hold = make(chan struct{})
		got := w.inBackground(context.Background(), w.container(9))
		w.wantCalls("packet", "apply 192.0.2.9/24")
		if len(got) > 0 {
			t.Error("answered before the record is written")
		}
		close(w.store.hold)
		if r := <-got; r.err != nil {
			t.Error(r.err)
		}
	})
}
