// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// setup is what a Setup came to.
type setup struct {
	mac   net.HardwareAddr
	lease *leaseapi.Lease
	err   error
	told  bool // tell was called
}

const setupMAC = "02:00:00:00:00:09"

// space is a netns without a link, and the Setup for it.
func (w *world) space(i int, options map[string]string) request.Setup {
	w.t.Helper()
	path := fmt.Sprintf("/run/netns/%d", i)
	w.kernel.add(kernel.Place{Netns: path, Cookie: 1000 + uint64(i)})
	all := map[string]string{"bridge": "br0", "mac": fmt.Sprintf("02:00:00:00:00:%02x", i), "release": "now", "conflict_check": "off"}
	for k, v := range options {
		all[k] = v
	}
	s, err := request.ParseSetup(leaseapi.SetupRequest{
		Netns: path, Options: all, Hostnames: []string{"web"},
		Attachment: leaseapi.Attachment{ContainerID: fmt.Sprintf("id%d", i), ContainerName: "web", Network: "lan", Interface: "eth0"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// setUp calls Setup and lets all come to rest.
func (w *world) setUp(ctx context.Context, s request.Setup, takes bool) (got setup, undo func()) {
	defer w.rest()
	return w.call(ctx, s, takes)
}

// call calls Setup; the caller takes the answer if takes.
func (w *world) call(ctx context.Context, s request.Setup, takes bool) (got setup, undo func()) {
	undo, err := w.m.Setup(ctx, s, nil, func(mac net.HardwareAddr, l *leaseapi.Lease, err error) bool {
		if got.told {
			w.t.Error("the caller was told twice")
		}
		got = setup{mac, l, err, true}
		return takes
	})
	if !got.told {
		got.err = err
	}
	return got, undo
}

func (w *world) mustSetUp(s request.Setup) setup {
	w.t.Helper()
	got, _ := w.setUp(context.Background(), s, true)
	if got.err != nil || got.lease == nil || got.mac.String() != setupMAC {
		w.t.Fatalf("Setup: %+v", got)
	}
	return got
}

// wantNoMakers: all that were opened are closed, and no netns is held.
func (w *world) wantNoMakers() {
	w.t.Helper()
	w.kernel.with(func(k *fakeKernel) {
		if k.makers != 0 || len(k.sessions) != 0 {
			w.t.Errorf("%d makers and %d sessions are left open", k.makers, len(k.sessions))
		}
	})
}

// making reports whether the record on disk is an intention.
func (w *world) making() bool {
	w.t.Helper()
	var r struct{ Making bool }
	for _, b := range w.store.clone().records {
		if err := json.Unmarshal(b, &r); err != nil {
			w.t.Fatal(err)
		}
	}
	return r.Making
}

func TestSetup(t *testing.T) {
	inWorld(t, func(w *world) {
		w.mustSetUp(w.space(9, nil))
		w.wantCalls("make eth0 "+setupMAC, "packet", "apply 192.0.2.9/24")
		w.wantNoMakers()
		if w.making() || w.store.len() != 1 {
			t.Error("the record is still an intention")
		}
	})
}

// The intention is on disk before the link is, and while a server thinks.
func TestIntentionComesFirst(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		w.kernel.with(func(k *fakeKernel) { k.making = time.Second })
		ctx, cancel := context.WithCancel(context.Background())
		go w.call(ctx, w.space(9, nil), true)
		w.rest()
		w.wantCalls()
		if !w.making() {
			t.Error("no intention before the link")
		}
		w.pass(2 * time.Second)
		w.wantCalls("make eth0 "+setupMAC, "packet")
		if !w.making() {
			t.Error("no intention while the server is asked")
		}
		cancel()
		w.pass(0)
		w.wantCalls("delete eth0")
		w.wantNothingLeft()
		w.wantNoMakers()
	})
}

// A killed leased leaves the intention; the next one removes the link before anything else.
func TestLinkOfAKilledLeased(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go w.call(ctx, w.space(9, nil), true)
		w.rest()
		killed := w.store.clone()
		cancel()
		w.rest()
		w.stop()
		w.kernel.since()
		w.store = killed
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.server.set(grant(time.Hour))
		w.mustSetUp(w.space(9, nil)) // the caller tries again
		calls := w.kernel.since()
		if len(calls) == 0 || !strings.HasPrefix(calls[0], "unmake eth0 "+setupMAC+" vethnd") {
			t.Errorf("calls: %q", calls)
		}
		if w.making() {
			t.Error("the intention is left")
		}
	})
}

// Nobody comes back for it.
func TestLinkOfAKilledLeasedWithoutACaller(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		ctx, cancel := context.WithCancel(context.Background())
		go w.call(ctx, w.space(9, nil), true)
		w.rest()
		killed := w.store.clone()
		cancel()
		w.rest()
		w.stop()
		w.store = killed
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.rest()
		w.wantNothingLeft()
	})
}

// The lease is on disk, and leased is killed before it answers: the caller gets that lease.
// The messages to an attachment that has made its link are not held up by other links.
func TestMessageIsNoLink(t *testing.T) {
	inWorld(t, func(w *world) {
		making := -1
		_, err := w.m.Setup(context.Background(), w.space(9, nil), nil, func(net.HardwareAddr, *leaseapi.Lease, error) bool {
			w.m.workers.mu.Lock()
			defer w.m.workers.mu.Unlock()
			making = w.m.workers.making
			return true
		})
		if w.rest(); err != nil || making != 0 {
			t.Errorf("%d links are being made, %v", making, err)
		}
	})
}

func TestSetupFindsItsLeaseAgain(t *testing.T) {
	for name, options := range map[string]map[string]string{"its MAC": nil, "another MAC": {"mac": "random"}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				s := w.space(9, options)
				first, _ := w.setUp(context.Background(), s, true)
				w.must(w.restart(func() {}))
				again, _ := w.setUp(context.Background(), s, true)
				if again.err != nil || again.lease.Address != first.lease.Address || again.mac.String() != first.mac.String() {
					t.Errorf("got %+v, then %+v", first, again)
				}
				w.wantCalls()
				w.wantHeard()
				w.wantNoMakers()
			})
		})
	}
}

func TestSetupFails(t *testing.T) {
	for name, fail := range map[string]func(k *fakeKernel){
		"no host interface": func(k *fakeKernel) { k.makerError = errors.New("there is no br0") },
		"link":              func(k *fakeKernel) { k.fail = failAt("make") },
		"netns":             func(k *fakeKernel) { clear(k.links) },
		"address":           func(k *fakeKernel) { k.fail = failAt("apply") },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				s := w.space(9, nil)
				w.kernel.with(fail)
				got, _ := w.setUp(context.Background(), s, true)
				if got.err == nil || got.lease != nil {
					t.Errorf("Setup: %+v", got)
				}
				w.wantNothingLeft()
				w.wantNoMakers()
				if calls := w.kernel.since(); name == "address" && calls[len(calls)-1] != "delete eth0" {
					t.Errorf("the link stays: %q", calls)
				}
			})
		})
	}
}

func failAt(call string) func(string) error {
	return func(c string) error {
		if strings.HasPrefix(c, call) {
			return errors.New("refused")
		}
		return nil
	}
}

// No lease in time: the link is gone when the caller hears of it.
func TestSetupInVain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		s := w.space(9, nil)
		_, err := w.m.Setup(context.Background(), s, nil, func(_ net.HardwareAddr, l *leaseapi.Lease, err error) bool {
			if calls := w.kernel.since(); calls[len(calls)-1] != "delete eth0" {
				t.Errorf("the link is still there: %q", calls)
			}
			if e := new(leaseapi.Error); !errors.As(err, &e) || e.Name != leaseapi.ErrorNoLease || l != nil {
				t.Errorf("told %v, %v", l, err)
			}
			return true
		})
		if err != nil {
			t.Error(err)
		}
		w.rest()
		w.wantNothingLeft()
	})
}

func TestSetupContinues(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		got, _ := w.setUp(context.Background(), w.space(9, map[string]string{"on_timeout": "continue"}), true)
		if got.err != nil || got.lease != nil || got.mac.String() != setupMAC {
			t.Errorf("Setup: %+v", got)
		}
		if w.making() || w.store.len() != 1 {
			t.Error("the record is still an intention")
		}
	})
}

// Nobody answers on a NIC without a carrier, or on a port that spanning tree holds back.
func TestSetupDoesNotWaitForALinkThatIsHindered(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.with(func(k *fakeKernel) { k.made.NoCarrier = true })
		w.server.set(silent)
		began := w.at()
		got, _ := w.setUp(context.Background(), w.space(9, map[string]string{"on_timeout": "continue"}), true)
		if got.err != nil || got.lease != nil || got.mac.String() != setupMAC || w.at() != began {
			t.Errorf("Setup without a carrier: %+v after %s", got, w.at().Sub(began))
		}
		if w.making() || w.state() != "SELECTING" {
			t.Errorf("the record is an intention (%v) in %s", w.making(), w.state())
		}
		w.kernel.with(func(k *fakeKernel) { k.made.NoCarrier = false })
		got, _ = w.setUp(context.Background(), w.space(8, map[string]string{"lease_timeout": "2s"}), true)
		if got.err == nil || w.at().Sub(began) < 2*time.Second {
			t.Errorf("the next one has not the time that it asks for: %+v", got)
		}
	})
}

func TestLeaseComesWhenThePortForwards(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.with(func(k *fakeKernel) { k.made.Blocked = 30 * time.Second })
		w.server.set(grant(time.Hour))
		began := w.at()
		got, _ := w.setUp(context.Background(), w.space(9, map[string]string{"on_timeout": "continue"}), true)
		if got.err != nil || got.lease != nil || w.at() != began {
			t.Errorf("Setup: %+v after %s", got, w.at().Sub(began))
		}
		w.pass(29 * time.Second)
		if len(w.server.since()) != 0 {
			t.Error("the server is asked by a port that does not forward")
		}
		w.pass(2 * time.Second)
		if w.state() != "BOUND" {
			t.Errorf("state %s", w.state())
		}
	})
}

// A link that took nearly all of the time leaves the server some.
func TestSpanningTreeLeavesTimeToAsk(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.with(func(k *fakeKernel) { k.making = 10 * time.Second })
		w.server.set(grant(time.Hour))
		if got, _ := w.setUp(context.Background(), w.space(9, nil), true); got.err != nil || got.lease == nil {
			t.Errorf("Setup: %+v", got)
		}
		w.server.set(silent)
		began := w.at()
		if got, _ := w.setUp(context.Background(), w.space(8, nil), true); got.err == nil || w.at().Sub(began) != 12*time.Second {
			t.Errorf("Setup: %+v after %s", got, w.at().Sub(began))
		}
	})
}

// A caller that has its answer may hang up; one that does not has everything undone.
func TestSetupHangsUpAfterTheAnswer(t *testing.T) {
	for _, takes := range []bool{true, false} {
		t.Run(fmt.Sprint(takes), func(t *testing.T) {
			inWorld(t, func(w *world) {
				_, undo := w.setUp(context.Background(), w.space(9, nil), takes)
				w.kernel.since()
				undo()
				w.rest()
				if takes {
					w.wantCalls()
					if w.state() != "BOUND" {
						t.Errorf("state %s", w.state())
					}
					return
				}
				w.wantCalls("packet", "remove 192.0.2.9/24", "delete eth0")
				w.wantNothingLeft()
			})
		})
	}
}

// Two callers for one interface: the first hangs up, and the second gets the lease.
func TestTwoSetups(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		s := w.space(9, nil)
		ctx, cancel := context.WithCancel(context.Background())
		go w.call(ctx, s, true)
		w.rest()
		var second setup
		done := make(chan struct{})
		go func() { defer close(done); second, _ = w.call(context.Background(), s, true) }()
		w.rest()
		cancel()
		w.rest()
		w.server.set(grant(time.Hour))
		<-done
		if second.err != nil || second.lease == nil {
			t.Errorf("Setup: %+v", second)
		}
		for _, call := range w.kernel.since() {
			if strings.HasPrefix(call, "delete") {
				t.Error("the link was deleted")
			}
		}
	})
}

// A container that comes back in another netns takes its lease over.
func TestSetupTakesTheLeaseOver(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.mustSetUp(w.space(9, map[string]string{"release": "20s"}))
		w.must(w.m.Release(context.Background(), leaseapi.Attachment{ContainerID: "id9", Network: "lan", Interface: "eth0"}))
		s := w.space(9, map[string]string{"release": "20s"})
		w.kernel.add(kernel.Place{Netns: "/run/netns/9", Cookie: 7})
		w.server.since()
		if again := w.mustSetUp(s); again.lease.Address != first.lease.Address {
			t.Errorf("got %v, then %v", first.lease.Address, again.lease.Address)
		}
		w.wantHeard("REQUEST packet")
	})
}

// A link that cannot be made costs the held lease nothing.
func TestSetupFailsWithALeaseHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		w.mustSetUp(w.space(9, map[string]string{"release": "20s"}))
		w.must(w.m.Release(context.Background(), leaseapi.Attachment{ContainerID: "id9", Network: "lan", Interface: "eth0"}))
		s := w.space(9, map[string]string{"release": "20s"})
		w.kernel.failing(failAt("make"))
		if got, _ := w.setUp(context.Background(), s, true); got.err == nil {
			t.Errorf("Setup: %+v", got)
		}
		if w.state() != leaseapi.StateHeld {
			t.Errorf("state %q", w.state())
		}
	})
}

func TestTeardown(t *testing.T) {
	inWorld(t, func(w *world) {
		w.mustSetUp(w.space(9, nil))
		w.kernel.since()
		w.must(w.m.Teardown(context.Background(), request.Attachment{ContainerID: "id9", Network: "lan", Interface: "eth0"}, os.Stdin))
		w.wantCalls("packet", "remove 192.0.2.9/24", "delete eth0")
		w.wantNothingLeft()
	})
}

// A panic between the intention and the lease leaves neither a link nor a record.
func TestPanicInSetup(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.space(9, nil)
		w.kernel.failing(func(call string) error {
			if call == "packet" {
				panic("a bug")
			}
			return nil
		})
		if got, _ := w.setUp(context.Background(), s, true); got.err == nil {
			t.Errorf("Setup: %+v", got)
		}
		calls := w.kernel.since()
		if calls[len(calls)-1] != "delete eth0" {
			t.Errorf("the link stays: %q", calls)
		}
		if w.store.len() != 0 {
			t.Error("the intention stays")
		}
		w.wantNoMakers()
	})
}

// A start has IPv4 and waits for IPv6 when leased is killed: its record is an intention still,
// the memo has the lease, and both can be read.
func TestKilledBetweenIPv4AndIPv6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.container6(1, "auto") // makes the DHCPv6 server
		w.kernel.six.server.mute = true
		options := map[string]string{"ipv6": "auto", "ipv6_timeout": "5s", "release": "20s"}
		s := w.space(9, options)
		ctx, cancel := context.WithCancel(context.Background())
		go w.call(ctx, s, true)
		w.pass(time.Second)
		if w.state() != "BOUND" || !w.making() {
			t.Fatalf("state %s, making %v", w.state(), w.making())
		}
		killed, memos := w.store.clone(), w.memory.clone()
		cancel()
		w.pass(0)
		w.stop()
		w.store, w.memory = killed, memos
		w.server.since()
		if err := w.start(); err != nil {
			t.Error(err)
		}
		w.kernel.six.server.mute = false
		again, _ := w.setUp(context.Background(), s, true)
		if again.err != nil || again.lease == nil || len(again.lease.IPv6) == 0 || w.making() {
			t.Errorf("Setup: %+v", again)
		}
	})
}
