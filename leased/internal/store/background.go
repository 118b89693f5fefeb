// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Saver keeps records, as Store does.
type Saver interface {
	Save(key string, record any) error
	Delete(key string) error
}

// Background writes records while nobody waits: the disk may be slow. A record that changes
// twice before it is written is written once.
type Background struct {
	store Saver
	log   *slog.Logger
	now   chan struct{} // a record was put
	later chan struct{} // the first record since the last write was refreshed

	mu    sync.Mutex     // guards dirty
	dirty map[string]any // nil: delete the record

	writing sync.Mutex // guards failing, and the order of two writes of one key
	failing bool
}

// NewBackground returns a Background that keeps its records in s; nil: it keeps none.
func NewBackground(s Saver, log *slog.Logger) *Background {
	return &Background{store: s, log: log, now: make(chan struct{}, 1), later: make(chan struct{}, 1), dirty: map[string]any{}}
}

// Put takes the record of key, which must not change any more, and returns at once;
// nil deletes the record there is. Run writes it as soon as it can.
func (w *Background) Put(key string, record any) { w.take(key, record, w.now) }

// Refresh is Put for a record that replaces another one of the same use. Run writes it
// together with those that come within gatherTime.
func (w *Background) Refresh(key string, record any) { w.take(key, record, w.later) }

func (w *Background) take(key string, record any, wake chan<- struct{}) {
	if w.store == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dirty[key] = record
	select {
	case wake <- struct{}{}:
	default:
	}
}

// gatherTime is how long Run waits for more after the first Refresh. Many leases are renewed
// at once; each write is two fsyncs.
const gatherTime = 2 * time.Second

// Run writes until ctx ends. What was put last may be unwritten then: Flush is for it.
func (w *Background) Run(ctx context.Context) {
	gathered, gathering := time.NewTimer(gatherTime), false
	gathered.Stop()
	defer gathered.Stop()
	for {
		select {
		case <-w.now:
			w.Flush()
		case <-w.later:
			if !gathering {
				gathering = true
				gathered.Reset(gatherTime)
			}
		case <-gathered.C:
			gathering = false
			w.Flush()
		case <-ctx.Done():
			return
		}
	}
}

// Flush writes what was put and is not written yet. Errors are logged.
func (w *Background) Flush() {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	todo := w.dirty
	w.dirty = map[string]any{}
	w.mu.Unlock()
	for key, record := range todo {
		w.tell(w.write(key, record))
	}
}

func (w *Background) write(key string, record any) error {
	if record == nil {
		return w.store.Delete(key)
	}
	return w.store.Save(key, record)
}

// tell logs when writing begins to fail and when it works again. Leases go on; a
// reboot forgets what could not be written.
func (w *Background) tell(err error) {
	switch {
	case err != nil && !w.failing:
		w.log.Error("write the lease memory", "err", err)
	case err == nil && w.failing:
		w.log.Info("the lease memory can be written again")
	}
	w.failing = err != nil
}
