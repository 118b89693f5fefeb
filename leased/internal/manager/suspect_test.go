// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/store"
)

// killed has the next leased find that the one before was killed at the work of these.
func (w *world) killed(path string, keys ...string) {
	w.t.Helper()
	before, err := store.OpenWorking(path)
	must(w.t, err)
	for _, key := range keys {
		before.Begin(key)
	}
	w.working, err = store.OpenWorking(path)
	must(w.t, err)
}

// spoke is who has spoken since it was asked last.
func (s *server) spoke() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	macs := s.macs
	s.macs = nil
	return macs
}

// One of them may be what leased died of: all others are looked at and renewed before.
func TestWhoWasAtWorkBeginsLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "working")
	inWorld(t, func(w *world) {
		const all, first = 40, 100
		var suspects, keys []string
		for i := range all {
			req := w.container(first + i)
			w.acquire(req)
			if i%10 == 0 {
				suspects = append(suspects, req.Link.MAC)
				a := req.Attachment
				keys = append(keys, request.Attachment{ContainerID: a.ContainerID, Network: a.Network, Interface: a.Interface}.Key())
			}
		}
		w.stop()
		w.pass(40 * time.Minute) // all are due
		w.killed(path, keys...)
		w.server.spoke()
		must(t, w.start())
		w.pass(time.Minute)
		spoke := w.server.spoke()
		if len(spoke) != all {
			t.Fatalf("%d messages", len(spoke))
		}
		last := slices.Sorted(slices.Values(spoke[all-len(suspects):]))
		if fmt.Sprint(last) != fmt.Sprint(suspects) {
			t.Errorf("the last ones are %v, want %v", last, suspects)
		}
		w.pass(30 * time.Minute) // they are as good as any from then on
		if n := len(w.server.spoke()); n != all {
			t.Errorf("%d messages at the next T1", n)
		}
	})
}

// Others go past a suspect that works, also if it is stuck. The next suspect does not.
func TestSuspectsWorkOneAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorkers(&sync.WaitGroup{})
		var suspects, others atomic.Int32
		stuck := make(chan struct{})
		for range 3 {
			w.start(runs(func() { suspects.Add(1); <-stuck }), turn{last: true})
		}
		for range 10 * maxActors {
			w.start(runs(func() { others.Add(1) }), turn{})
		}
		w.start(runs(func() { others.Add(1) }), turn{link: true})
		synctest.Wait()
		if suspects.Load() != 1 || others.Load() != 10*maxActors+1 {
			t.Errorf("%d suspects and %d others work", suspects.Load(), others.Load())
		}
		close(stuck)
		synctest.Wait()
		if suspects.Load() != 3 || w.crew != 0 {
			t.Errorf("%d suspects have worked; %d work still", suspects.Load(), w.crew)
		}
	})
}
