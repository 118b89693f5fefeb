// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Stopping keeps leases: nothing is said to the server or to the kernel.
func TestStopKeepsLeases(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		w.server.since()
		w.kernel.since()
		w.stop()
		w.wantHeard()
		w.wantCalls()
		if w.m.Len() != 1 || w.store.len() != 1 {
			t.Errorf("%d attachments, %d records", w.m.Len(), w.store.len())
		}
		if _, _, err := w.m.Acquire(context.Background(), w.container(10)); !errors.Is(err, errStopping) {
			t.Errorf("Acquire: %v", err)
		}
		if err := w.m.Release(context.Background(), req.Attachment); !errors.Is(err, errStopping) {
			t.Errorf("Release: %v", err)
		}
	})
}

// synctest would complain of a goroutine that stays.
func TestStopDuringAnExchange(t *testing.T) {
	for name, a := range map[string]answer{"SELECTING": silent, "REQUESTING": offersOnly} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.acquire(w.container(10))
				w.server.set(a)
				got := w.inBackground(context.Background(), w.container(9))
				w.stop()
				if r := <-got; !errors.Is(r.err, errStopping) {
					t.Errorf("Acquire: %+v, %v", r.lease, r.err)
				}
				if w.store.len() != 1 {
					t.Errorf("%d records, want the other container's", w.store.len())
				}
			})
		})
	}
}

func TestStopDuringRenewal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.server.set(silent)
		w.pass(30*time.Minute + time.Second)
		w.wantState("RENEWING")
		_ = w.restart(func() {})
		w.wantState("RENEWING")
		w.server.set(grant(time.Hour))
		w.pass(20 * time.Minute)
		w.wantState("BOUND")
	})
}
