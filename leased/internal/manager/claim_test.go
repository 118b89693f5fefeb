// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/kernel"
)

// wantRefused fails the test unless err is for the user and says all of want.
func (w *world) wantRefused(err error, want ...string) {
	w.t.Helper()
	var e *leaseapi.Error
	if !errors.As(err, &e) || e.Name != leaseapi.ErrorRefused {
		w.t.Fatalf("Acquire: %v", err)
	}
	for _, s := range want {
		if !strings.Contains(e.Message, s) {
			w.t.Errorf("%q does not say %q", e.Message, s)
		}
	}
}

// theft is how a container asks for what the running container 9 has, and the words of the
// refusal.
var theft = map[string]struct {
	ask  func(req, victim *leaseapi.AcquireRequest)
	says string
}{
	"its MAC as client identifier": {
		func(req, victim *leaseapi.AcquireRequest) { req.Client.ClientID = victim.Client.ClientID },
		"has the client identifier 01020000000009 already; stop it, or give this container another name or client_id",
	},
	"its MAC": {
		func(req, victim *leaseapi.AcquireRequest) { req.Link.MAC = victim.Link.MAC },
		"has the MAC 02:00:00:00:00:09 already; stop it, or give this container another name or MAC",
	},
	"its name, with a MAC of its own": {
		func(req, victim *leaseapi.AcquireRequest) { req.Client.Secret = victim.Client.Secret },
		"has this container's identity in IPv6 already; stop it, or give this container another name",
	},
	"all of it, as a new container of a renamed one's name": {
		func(req, victim *leaseapi.AcquireRequest) { req.Client, req.Link.MAC = victim.Client, victim.Link.MAC },
		"has the MAC",
	},
}

// victim is container 9, which all that is stolen is told from.
func (w *world) victim() leaseapi.AcquireRequest {
	req := w.container6(0, "auto")
	req.Client.ClientID, req.Policy.Release = "01020000000009", "20s"
	return req
}

// thief is container i, which asks for something of the victim's.
func (w *world) thief(i int, victim leaseapi.AcquireRequest, ask func(req, victim *leaseapi.AcquireRequest)) leaseapi.AcquireRequest {
	req := w.container6(i, "auto")
	req.Policy.Release = "20s"
	ask(&req, &victim)
	at := w.kernel.links[req.Link.Netns]
	at.MAC = mustMAC(req.Link.MAC)
	w.kernel.add(at)
	return req
}

// Nobody gets the identity of a container that runs, and the container notices nothing.
func TestIdentityOfARunningContainer(t *testing.T) {
	for name, tt := range theft {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				victim := w.victim()
				w.acquire(victim)
				w.server.since()
				w.kernel.since()
				thief := w.thief(1, victim, tt.ask)
				_, _, err := w.m.Acquire(context.Background(), thief)
				w.rest()
				w.wantRefused(err, "container web9 (id id9, /run/netns/9) on br0 ", tt.says)
				w.wantHeard()
				w.wantCalls()
				w.wantState("BOUND")
				w.goes(victim) // held: it may be anybody's who is this client
				w.acquire(thief)
				_, _, err = w.m.Acquire(context.Background(), w.anew(victim))
				w.wantRefused(err, "container web10 (id id10, /run/netns/10) on br0 ")
			})
		})
	}
}

// A container that is still starting has its identity, too.
func TestIdentityOfAStartingContainer(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		victim := w.victim()
		got := w.inBackground(context.Background(), victim)
		_, _, err := w.m.Acquire(context.Background(), w.thief(1, victim, theft["its MAC"].ask))
		w.wantRefused(err, "container web9 (id id9, /run/netns/9) on br0 has the MAC")
		w.server.set(grant(time.Hour))
		if r := <-got; r.err != nil {
			t.Error(r.err)
		}
	})
}

// Of many that begin at once with one identity, one starts.
func TestIdentityAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		victim, started := w.victim(), make(chan bool)
		var all []leaseapi.AcquireRequest
		for i := range 20 {
			all = append(all, w.thief(i+1, victim, theft["its MAC"].ask))
		}
		for _, req := range all {
			go func() {
				_, _, err := w.m.Acquire(context.Background(), req)
				started <- err == nil
			}()
		}
		n := 0
		for range 20 {
			if <-started {
				n++
			}
		}
		if w.rest(); n != 1 || w.m.Len() != 1 {
			t.Errorf("%d have started, %d attachments are there", n, w.m.Len())
		}
	})
}

// The same container under a new id, and nobody has told of its old self's end.
func TestIdentityOfAContainerThatIsGone(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.victim()
		w.acquire(req)
		again := w.anew(req)
		w.kernel.remove(req.Link.Netns)
		if l, _ := w.acquire(again); l.Address.Addr() != nine {
			t.Errorf("bound %v", l.Address)
		}
	})
}

// Another LAN has other clients.
func TestIdentityOnAnotherLAN(t *testing.T) {
	inWorld(t, func(w *world) {
		victim := w.victim()
		w.acquire(victim)
		far := w.thief(1, victim, theft["its MAC as client identifier"].ask)
		far.Link.Host = "br1"
		w.acquire(far)
	})
}

// A key is one container's: nothing is replaced as long as its netns and its link are there.
func TestSameIdElsewhere(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.container(9)
		w.acquire(first)
		w.server.since()
		w.kernel.since()
		second := w.container(10)
		second.Attachment = first.Attachment
		_, _, err := w.m.Acquire(context.Background(), second)
		w.rest()
		w.wantRefused(err, "container web9 (id id9, /run/netns/9) runs already; stop it first")
		w.wantHeard()
		w.wantCalls()
		w.kernel.remove(first.Link.Netns)
		w.acquire(second)
		if w.m.Len() != 1 {
			t.Errorf("%d attachments", w.m.Len())
		}
	})
}

// The kernel that cannot look does not make a container's identity free.
func TestIdentityWhenTheKernelDoesNotSay(t *testing.T) {
	inWorld(t, func(w *world) {
		victim := w.victim()
		w.acquire(victim)
		w.kernel.with(func(k *fakeKernel) { k.check = errors.New("too many open files") })
		_, _, err := w.m.Acquire(context.Background(), w.thief(1, victim, theft["its MAC"].ask))
		w.wantRefused(err)
	})
}

// A start that fails leaves its identity to others.
func TestIdentityOfAFailedStart(t *testing.T) {
	inWorld(t, func(w *world) {
		victim := w.victim()
		w.kernel.failing(failOn("packet", kernel.ErrGone))
		if _, _, err := w.m.Acquire(context.Background(), victim); err == nil {
			t.Fatal("no error")
		}
		w.kernel.failing(nil)
		w.acquire(w.thief(1, victim, theft["its MAC"].ask))
	})
}

// A bridge has an alternative name, and each container a network that names it otherwise. leased
// restarts between them: then it has the names on disk alone.
func TestIdentityUnderAnotherNameOfTheBridge(t *testing.T) {
	for name, tt := range theft {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				victim := w.victim()
				victim.Link.Host = "the-lan"
				w.acquire(victim)
				if err := w.restart(func() {}); err != nil {
					t.Fatal(err)
				}
				_, _, err := w.m.Acquire(context.Background(), w.thief(1, victim, tt.ask))
				w.wantRefused(err, tt.says)
			})
		})
	}
}
