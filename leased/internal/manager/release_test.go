// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

func (w *world) release(a leaseapi.Attachment) {
	w.t.Helper()
	if err := w.m.Release(context.Background(), a); err != nil {
		w.t.Error(err)
	}
	w.rest()
}

// As a frame to where the ACK came from, before the address goes.
func TestReleaseTwice(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		w.server.since()
		w.kernel.since()
		w.release(req.Attachment)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantCalls("packet", "remove 192.0.2.9/24")
		w.wantNothingLeft()
		w.release(req.Attachment)
		w.wantHeard()
		w.wantCalls()
		w.pass(24 * time.Hour)
		w.wantHeard()
	})
}

func TestReleaseOfNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.release(leaseapi.Attachment{ContainerID: "nobody"})
		w.wantNothingLeft()
		w.wantHeard()
	})
}

// The router was replaced since the ACK, or its standby has taken over: the RELEASE goes to the
// MAC that has the server's address by now. Without an answer it goes where the ACK came from.
func TestReleaseToAnotherRouter(t *testing.T) {
	inWorld(t, func(w *world) {
		other := mustMAC("02:00:5e:00:53:99")
		req := w.container(9)
		w.acquire(req)
		w.server.since()
		w.kernel.with(func(k *fakeKernel) { k.owners[netip.MustParseAddr("192.0.2.1")] = other })
		w.release(req.Attachment)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 "+other.String(), "RELEASE frame 192.0.2.9 to 192.0.2.1 "+routerMAC.String())
		w.acquire(req)
		w.server.since()
		w.kernel.with(func(k *fakeKernel) { k.noARP = true })
		began := time.Now()
		w.release(req.Attachment)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// The one who waits is told.
func TestReleaseDuringAcquire(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		req := w.container(9)
		got := w.inBackground(context.Background(), req)
		w.release(req.Attachment)
		if r := <-got; r.err == nil {
			t.Errorf("Acquire: %+v", r.lease)
		}
		w.wantHeard("DISCOVER packet")
		w.wantNothingLeft()
	})
}

// A RELEASE that cannot be sent is no reason to keep the address.
func TestReleaseWhileTheLinkIsDown(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		w.kernel.since()
		w.kernel.failing(failOn("packet", errDisk))
		w.release(req.Attachment)
		w.wantCalls("packet", "packet", "remove 192.0.2.9/24")
		w.wantNothingLeft()
	})
}

// An Acquire right behind it finds nothing left over.
func TestReleaseAndAcquireAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		for range 100 {
			done := make(chan struct{})
			go func() { defer close(done); w.release(req.Attachment) }()
			l, _, err := w.m.Acquire(context.Background(), req)
			<-done
			// Either order is right; after it, one exchange more makes it BOUND.
			if err == nil && l == nil {
				t.Fatal("neither a lease nor an error")
			}
			w.acquire(req)
			w.wantState("BOUND")
		}
	})
}

// failOn fails the calls with that first word.
func failOn(what string, err error) func(string) error {
	return func(call string) error {
		if len(call) >= len(what) && call[:len(what)] == what {
			return err
		}
		return nil
	}
}

func (m *Manager) entryAttachment(e *actor) leaseapi.Attachment {
	m.mu.Lock()
	defer m.mu.Unlock()
	return e.shown.Status(0).Attachment
}

// On all its networks, and nobody else's, however alike the ids are.
func TestReleaseContainer(t *testing.T) {
	inWorld(t, func(w *world) {
		for i, id := range []string{"id", "id", "id2", "i"} {
			req := w.container(i + 2)
			req.Attachment.ContainerID, req.Attachment.Network = id, req.Attachment.ContainerName
			w.acquire(req)
		}
		w.server.set(silent)
		req := w.container(8)
		req.Attachment.ContainerID = "id"
		got := w.inBackground(context.Background(), req)
		if err := w.m.ReleaseContainer(context.Background(), "id", ""); err != nil {
			t.Error(err)
		}
		w.rest()
		if r := <-got; r.err == nil {
			t.Errorf("Acquire: %+v", r.lease)
		}
		if n := w.m.Len(); n != 2 {
			t.Errorf("%d attachments are left, want 2", n)
		}
		if err := w.m.ReleaseContainer(context.Background(), "nobody", ""); err != nil {
			t.Error(err)
		}
	})
}
