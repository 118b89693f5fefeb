// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// wears writes to ten keys each second for ten minutes, as a server can have leased do by
// leases of a second.
func wears(w *Background, write func(key string, second int)) {
	for second := range 600 {
		for i := range 10 {
			write(fmt.Sprint(i), second)
		}
		pass(time.Second)
	}
	pass(2 * rewriteTime)
}

// A record of a container that has ended is on the disk at once, as its deletion would be.
func TestLastIsWrittenAtOnce(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
		w.Put("a", 1)
		pass(time.Second)
		w.Last("a", 2)
		pass(time.Second)
		if got := s.records["a"]; got != 2 {
			t.Errorf("the disk has %v", got)
		}
	})
}

// A server does not set the pace of the disk, whatever it does: a client is written once a
// minute, and what it said last is on the disk in the end.
func TestDiskHasItsOwnPace(t *testing.T) {
	for name, c := range map[string]struct {
		write func(w *Background) func(key string, second int)
		most  int // writes of a client in a minute
	}{
		"renewed": {func(w *Background) func(string, int) {
			return func(key string, second int) { w.Refresh(key, second) }
		}, 1},
		"another address each time": {func(w *Background) func(string, int) {
			return func(key string, second int) { w.Put(key, second) }
		}, 1},
		"lost and leased again": {func(w *Background) func(string, int) {
			return func(key string, second int) {
				if w.Put(key, nil); second%2 == 1 {
					w.Put(key, second)
				}
			}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
				wears(w, c.write(w))
				if most := 10 * 11 * c.most; s.writes < 10*10 || s.writes > most {
					t.Errorf("%d writes in 10 minutes, want at most %d", s.writes, most)
				}
				for i := range 10 {
					if got := s.records[fmt.Sprint(i)]; got != 599 {
						t.Errorf("client %d: the disk has %v", i, got)
					}
				}
			})
		})
	}
}

// A record is deleted at once, and once.
func TestDeletionDoesNotWait(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
		w.Put("a", 1)
		pass(0)
		for range 3 {
			w.Put("a", nil)
			pass(0)
			s.want(t, 2, map[string]any{})
			w.Put("a", 2)
			pass(0)
		}
		pass(rewriteTime)
		s.want(t, 3, map[string]any{"a": 2})
	})
}

// What waits for its minute is written when leased stops.
func TestFlushWaitsForNothing(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
		w.Put("a", 1)
		pass(0)
		w.Put("a", 2)
		pass(0)
		s.want(t, 1, map[string]any{"a": 1})
		w.Flush()
		s.want(t, 2, map[string]any{"a": 2})
	})
}

// What was written a minute ago is forgotten, or leased would grow with its clients.
func TestRecentIsForgotten(t *testing.T) {
	inBackground(t, func(w *Background, _ *slowSaver, _ *bytes.Buffer) {
		for i := range 1000 {
			w.Put(fmt.Sprint(i), i)
		}
		pass(2 * rewriteTime)
		w.Put("a", 1)
		pass(0)
		if n := len(w.recent.last); n != 1 {
			t.Errorf("%d are remembered", n)
		}
	})
}
