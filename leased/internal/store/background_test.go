// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slowSaver is a Saver in memory that can fail, and that waits for hold where there is one.
type slowSaver struct {
	mu      sync.Mutex
	records map[string]any
	writes  int
	fail    error
	hold    chan struct{}
}

func (s *slowSaver) Save(key string, record any) error {
	if s.hold != nil {
		<-s.hold
	}
	return s.do(func() { s.records[key] = record })
}

func (s *slowSaver) Delete(key string) error { return s.do(func() { delete(s.records, key) }) }

func (s *slowSaver) do(write func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.fail == nil {
		write()
	}
	return s.fail
}

func (s *slowSaver) failing(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *slowSaver) want(t *testing.T, writes int, records map[string]any) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writes != writes || !maps.Equal(s.records, records) {
		t.Errorf("%d writes, %v; want %d, %v", s.writes, s.records, writes, records)
	}
}

// inBackground runs f beside a Background that writes to s, and then ends the Background.
func inBackground(t *testing.T, f func(w *Background, s *slowSaver, log *bytes.Buffer)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, log := &slowSaver{records: map[string]any{}}, &bytes.Buffer{}
		w := NewBackground(s, slog.New(slog.NewTextHandler(log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); w.Run(ctx) }()
		f(w, s, log)
		cancel()
		<-ended
	})
}

func TestBackgroundWrites(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, log *bytes.Buffer) {
		w.Put("a", 1)
		w.Put("b", 2)
		pass(0)
		s.want(t, 2, map[string]any{"a": 1, "b": 2})
		w.Put("a", nil)
		w.Put("b", 3)
		pass(0)
		s.want(t, 3, map[string]any{"b": 2})
		pass(rewriteTime)
		s.want(t, 4, map[string]any{"b": 3})
		if log.Len() > 0 {
			t.Errorf("logged %s", log)
		}
	})
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// Records that come one after the other are written together, 2 s after the first of them.
func TestBackgroundGathers(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
		for range 2 {
			s.records, s.writes = map[string]any{}, 0
			w.Refresh("a", 1)
			pass(time.Second)
			w.Refresh("b", 2)
			pass(time.Second / 2)
			w.Refresh("a", 3)
			pass(time.Second/2 - 1)
			s.want(t, 0, map[string]any{})
			pass(1)
			s.want(t, 2, map[string]any{"a": 3, "b": 2})
			pass(time.Hour)
			s.want(t, 2, map[string]any{"a": 3, "b": 2})
		}
	})
}

// A Put takes along what is gathered, and the gathering ends on time.
func TestPutWhileGathering(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
		w.Refresh("a", 1)
		pass(time.Second)
		w.Put("b", 2)
		pass(0)
		s.want(t, 2, map[string]any{"a": 1, "b": 2})
		w.Refresh("a", 3)
		w.Refresh("c", 3)
		pass(gatherTime)
		s.want(t, 3, map[string]any{"a": 1, "b": 2, "c": 3})
		pass(rewriteTime)
		s.want(t, 4, map[string]any{"a": 3, "b": 2, "c": 3})
	})
}

// Flush does not wait, and nothing is written twice for it.
func TestFlushWhileGathering(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
		w.Refresh("a", 1)
		pass(time.Second)
		w.Flush()
		s.want(t, 1, map[string]any{"a": 1})
		w.Refresh("a", 2)
		pass(time.Hour)
		s.want(t, 2, map[string]any{"a": 2})
	})
}

// A slow disk delays nobody, and what changes meanwhile is written once.
func TestBackgroundOfASlowDisk(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, _ *bytes.Buffer) {
		s.hold = make(chan struct{})
		w.Put("a", 1)
		pass(gatherTime)
		begin := time.Now()
		for i := range 100 {
			w.Put("a", i)
			w.Put("b", i)
		}
		w.Put("b", nil)
		if d := time.Since(begin); d > 0 {
			t.Errorf("took %s", d)
		}
		close(s.hold)
		pass(rewriteTime)
		s.want(t, 3, map[string]any{"a": 99})
	})
}

// A disk that fails is told of once, and so is its recovery.
func TestBackgroundOfAFailingDisk(t *testing.T) {
	inBackground(t, func(w *Background, s *slowSaver, log *bytes.Buffer) {
		s.failing(errors.New("no space left on device"))
		for _, key := range []string{"a", "b"} {
			w.Put(key, 1)
			pass(gatherTime)
		}
		if n := strings.Count(log.String(), `level=ERROR msg="write the lease memory" err="no space`); n != 1 {
			t.Errorf("told %d times: %s", n, log)
		}
		s.failing(nil)
		for _, key := range []string{"c", "d"} {
			w.Put(key, 1)
			pass(gatherTime)
		}
		if n := strings.Count(log.String(), `level=INFO msg="the lease memory can be written again"`); n != 1 {
			t.Errorf("told %d times: %s", n, log)
		}
		s.want(t, 4, map[string]any{"c": 1, "d": 1})
	})
}

// What is put when Run has ended is Flush's.
func TestBackgroundFlush(t *testing.T) {
	t.Parallel()
	s := &slowSaver{records: map[string]any{}}
	w := NewBackground(s, slog.New(slog.DiscardHandler))
	w.Put("a", 1)
	s.want(t, 0, map[string]any{})
	for range 2 {
		w.Flush()
		s.want(t, 1, map[string]any{"a": 1})
	}
}

func TestBackgroundWithoutAStore(t *testing.T) {
	t.Parallel()
	w := NewBackground(nil, slog.New(slog.DiscardHandler))
	w.Put("a", 1)
	w.Put("a", nil)
	w.Flush()
}

// A Store is a Saver.
func TestBackgroundOfAStore(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	w := NewBackground(s, slog.New(slog.DiscardHandler))
	w.Put("a", rec{Name: "a"})
	w.Flush()
	want(t, s, "a")
	w.Put("a", nil)
	w.Flush()
	want(t, s)
}
