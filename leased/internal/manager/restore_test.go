// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"net/netip"
	"syscall"
	"testing"
	"time"

	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/record"
	"podman-net-dhcp/leased/internal/request"
)

// restart stops leased, lets something happen, and starts it again.
func (w *world) restart(meanwhile func()) error {
	w.t.Helper()
	w.stop()
	w.server.since()
	w.kernel.since()
	meanwhile()
	err := w.start()
	w.rest()
	return err
}

func TestRestartAdoptsWithoutAPacket(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		if err := w.restart(func() { time.Sleep(10 * time.Minute) }); err != nil {
			t.Error(err)
		}
		w.wantHeard()
		w.wantCalls()
		l, _ := w.acquire(req)
		if l.Address.String() != "192.0.2.9/24" || *l.Renew != 1200 || *l.Expire != 3000 || l.Gateway != router {
			t.Errorf("%+v", l)
		}
		w.wantHeard()
		w.pass(21 * time.Minute)
		w.wantHeard("REQUEST unicast")
		w.wantState("BOUND")
		w.release(req.Attachment)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantNothingLeft()
	})
}

func TestRestartAfterTheLeaseIsOver(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		_ = w.restart(func() { time.Sleep(2 * time.Hour) })
		w.wantCalls("packet", "remove 192.0.2.9/24", "apply 192.0.2.9/24")
		w.wantHeard("DISCOVER packet", "REQUEST packet")
	})
}

func TestRestartOfInfiniteLease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(0))
		w.acquire(w.container(9))
		_ = w.restart(func() { time.Sleep(1000 * time.Hour) })
		w.pass(1000 * time.Hour)
		w.wantHeard()
		w.wantState("BOUND")
	})
}

// The server said NAK and then nothing: a restart must not bring the address back.
func TestRestartAfterARefusal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.server.set(func(m message) []dt.Server {
			if m.via == "unicast" {
				return refuse(m)
			}
			return nil
		})
		w.pass(31 * time.Minute)
		w.wantState("SELECTING")
		w.server.set(silent)
		_ = w.restart(func() {})
		w.wantState("SELECTING")
		if l := listed(w.m)[0].Lease; l != nil {
			t.Errorf("refused, and yet %+v", l)
		}
		w.server.set(grant(time.Hour))
		w.pass(2 * time.Minute)
		w.wantState("BOUND")
	})
}

func TestRestartWithoutTheContainer(t *testing.T) {
	for name, f := range map[string]func(w *world, path string){
		"no netns":      func(w *world, path string) { w.kernel.remove(path) },
		"another netns": func(w *world, _ string) { w.store.change(func(r *record.Record) { r.Cookie++ }) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				req := w.container(9)
				w.acquire(req)
				if err := w.restart(func() { f(w, req.Link.Netns) }); err != nil {
					t.Error(err)
				}
				w.wantNothingLeft()
				w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 02:ff:00:00:00:01")
				w.wantCalls("packet", "stand-in 02:00:00:00:00:09 on br0", "remove 192.0.2.9/24")
				w.pass(2 * time.Hour)
				w.wantHeard()
				w.wantCalls()
			})
		})
	}
}

// A record that is wrong costs its own lease and no other.
func TestRestartWithABadRecord(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"version":   func(w *world) { w.store.newer() },
		"no addr":   func(w *world) { w.store.change(func(r *record.Record) { r.Lease.Addr = netip.Prefix{} }) },
		"no server": func(w *world) { w.store.change(func(r *record.Record) { r.Lease.Server = netip.Addr{} }) },
		"no policy": func(w *world) { w.store.change(func(r *record.Record) { r.Request.Policy = request.Policy{} }) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.acquire(w.container(9))
				spoil(w)
				w.store.records["cut"] = []byte(`{"version":1,"boo`)
				w.store.records["other type"] = []byte(`[]`)
				w.acquire(w.container(10))
				if err := w.restart(func() { w.memory = newStore() }); err == nil {
					t.Error("no error")
				}
				if w.m.Len() != 1 || len(w.store.aside) != 3 || w.store.len() != 1 {
					t.Errorf("%d adopted, %d aside, %d kept", w.m.Len(), len(w.store.aside), w.store.len())
				}
			})
		})
	}
}

// That it cannot be looked at now does not mean that the container is gone.
func TestRestartShortOfDescriptors(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		err := w.restart(func() { w.kernel.check = syscall.EMFILE })
		if err != nil || len(w.store.aside) != 0 || w.m.Len() != 1 {
			t.Errorf("%v, %d aside, %d adopted", err, len(w.store.aside), w.m.Len())
		}
		w.wantState("BOUND")
	})
}

// FuzzAdopt: whatever is on disk, leased starts, and goes on for a day.
func FuzzAdopt(f *testing.F) {
	f.Add(`{"version":1,"bootId":"boot-1","cookie":1009,"lease":{"Addr":"192.0.2.9/24","Server":"192.0.2.1","Expiry":1}}`)
	f.Add(`{"version":1,"bootId":"boot-1","cookie":1009,"lease":{"Addr":"2001:db8::1/64","Server":"::1","Expiry":-9223372036854775808}}`)
	f.Add(`{"version":1,"bootId":"boot-1","cookie":1009,"serverMac":"AA==","lease":{"Addr":"192.0.2.9/24","Server":"192.0.2.1",` +
		`"T1":9223372036854775807,"T2":1,"Expiry":86400000000000}}`)
	f.Fuzz(func(t *testing.T, b string) {
		inBubble(t, func(w *world) {
			req := w.container(9)
			w.acquire(req)
			_ = w.restart(func() {
				key := keyOf(req.Attachment)
				w.store.records[key] = overlay(w.store.records[key], []byte(b))
			})
			w.pass(25 * time.Hour)
		})
	})
}

// The old self of a container that was made anew while leased was away must not
// give away what the new one has, in whatever order they are found on disk.
func TestRestartAfterContainersWereMadeAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 30 {
			req := w.container(i + 2)
			w.acquire(req)
			at, _ := w.kernel.Find(request.Link{Netns: req.Link.Netns}, req.Attachment.Interface)
			at.Cookie += 500
			w.kernel.add(at)
			req.Attachment.ContainerID += "anew"
			w.acquire(req)
		}
		if n := w.m.Len(); n != 60 {
			t.Fatalf("%d attachments", n)
		}
		_ = w.restart(func() {})
		w.wantHeard()
		if n := w.m.Len(); n != 30 {
			t.Errorf("%d attachments are left, want 30", n)
		}
	})
}

// A container that was started without a lease gets one from the next leased, too.
func TestRestartWhileWaiting(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.OnTimeout = "continue"
		w.server.set(silent)
		if l, _, err := w.m.Acquire(context.Background(), req); l != nil || err != nil {
			t.Fatalf("Acquire: %+v, %v", l, err)
		}
		if err := w.restart(func() {}); err != nil {
			t.Error(err)
		}
		w.wantState("SELECTING")
		w.server.set(grant(time.Hour))
		w.pass(2 * time.Minute)
		w.wantState("BOUND")
		if err := w.m.Release(context.Background(), req.Attachment); err != nil {
			t.Error(err)
		}
		w.wantNothingLeft()
	})
}
