// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"
)

// A bug that one attachment runs into costs that one.
func TestPanicCostsOneAttachment(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(8))
		w.kernel.failing(func(call string) error {
			if call == "apply 192.0.2.9/24" {
				panic("a bug")
			}
			return nil
		})
		_, _, err := w.m.Acquire(context.Background(), w.container(9))
		if err == nil || !w.log.has("panic") || !w.log.has("a bug") {
			t.Errorf("Acquire: %v", err)
		}
		w.rest()
		if w.m.Len() != 1 || w.state() != "BOUND" {
			t.Errorf("left are %+v", listed(w.m))
		}
	})
}

// A bug before there is an attachment is told to the caller and the log.
func TestPanicBeforeTheAttachment(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.with(func(k *fakeKernel) { k.findPanics = true })
		_, _, err := w.m.Acquire(context.Background(), w.container(9))
		if err == nil || !w.log.has("a bug") {
			t.Errorf("Acquire: %v", err)
		}
		w.wantNothingLeft()
	})
}
