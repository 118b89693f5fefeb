// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
)

// A lease at rest is a struct and an entry in a heap. Not parallel: it looks at all
// goroutines of the process; a few of the kernel tests' may be on their way out.
func TestThousandLeasesAtRestHaveNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		defer w.stop()
		w.rest()
		before := runtime.NumGoroutine()
		var all sync.WaitGroup
		for i := range 1000 {
			req := w.container(i/200<<8 + i%200 + 2)
			all.Go(func() {
				if _, _, err := w.m.Acquire(context.Background(), req); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.rest()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if n := bytes.Count(stacks, []byte("manager.(*actor)")); n > 0 || runtime.NumGoroutine() > before+10 {
			t.Errorf("%d goroutines, before %d:\n%s", runtime.NumGoroutine(), before, stacks)
		}
		if n := w.kernel.open.Load(); n != 0 || w.m.Len() != 1000 || w.store.len() != 1000 {
			t.Errorf("%d sockets, %d attachments, %d records", n, w.m.Len(), w.store.len())
		}
	})
}

// Whoever shows the number of leases hears of each change, and of the last one last.
func TestChangedCounts(t *testing.T) {
	inWorld(t, func(w *world) {
		w.stop()
		var got []int
		w.changed = func(n int) { got = append(got, n) }
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		a, b := w.container(9), w.container(10)
		w.acquire(a)
		w.acquire(b)
		w.release(a.Attachment)
		w.release(a.Attachment)
		w.release(b.Attachment)
		w.rest()
		if fmt.Sprint(got) != "[1 2 1 0]" {
			t.Errorf("%v", got)
		}
	})
}

// Many containers come and go in any order, all at once.
func TestManyComeAndGo(t *testing.T) {
	inWorld(t, func(w *world) {
		var all sync.WaitGroup
		for i := range 40 {
			req := w.container(2 + i/2) // two at a time want each
			all.Go(func() {
				for n := range 20 {
					ctx, cancel := context.WithCancel(context.Background())
					if n%3 == i%3 {
						go cancel()
					}
					_, undo, err := w.m.Acquire(ctx, req)
					switch {
					case err == nil && n%5 == 0:
						undo()
					case n%2 == 0:
						_ = w.m.Release(context.Background(), req.Attachment)
					}
					_ = listed(w.m)
					cancel()
				}
				_ = w.m.Release(context.Background(), req.Attachment)
			})
		}
		all.Wait()
		w.wantNothingLeft()
	})
}
