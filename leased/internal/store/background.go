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
// twice before it is written is written once. A record that was written is written again a
// minute later at the earliest: servers and routers decide how often a record changes, and
// each write is two fsyncs.
type Background struct {
	store Saver
	log   *slog.Logger
	now   chan struct{} // a record was put
	later chan struct{} // the first record since the last write was refreshed

	mu    sync.Mutex     // guards dirty
	dirty map[string]any // nil: delete the record

	writing sync.Mutex // guards the following fields, and the order of two writes of one key
	failing bool
	recent  recent
}

// NewBackground returns a Background that keeps its records in s; nil: it keeps none.
func NewBackground(s Saver, log *slog.Logger) *Background {
	return &Background{
		store: s, log: log, now: make(chan struct{}, 1), later: make(chan struct{}, 1), dirty: map[string]any{}, recent: newRecent(),
	}
}

// Put takes the record of key, which must not change any more, and returns at once;
// nil deletes the record there is. Run writes it as soon as it can.
func (w *Background) Put(key string, record any) { w.take(key, record, w.now) }

// Last is Put for a record after which there is none for a while, of a container that has ended.
// It is written at once, as a deletion is.
func (w *Background) Last(key string, record any) { w.take(key, last{record}, w.now) }

type last struct{ record any }

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
// at once.
const gatherTime = 2 * time.Second

// Run writes until ctx ends. What was put last may be unwritten then: Flush is for it.
func (w *Background) Run(ctx context.Context) {
	var alarm alarm
	defer alarm.stop()
	for {
		select {
		case <-w.now:
			alarm.set(w.flush(false))
		case <-w.later:
			alarm.set(gatherTime)
		case <-alarm.c():
			alarm.rang()
			alarm.set(w.flush(false))
		case <-ctx.Done():
			return
		}
	}
}

// Flush writes what was put and is not written yet. Errors are logged.
func (w *Background) Flush() { w.flush(true) }

// flush writes what may be written already, or with all everything. It returns in what time
// the first of the others may be written; 0: there are no others.
func (w *Background) flush(all bool) (wait time.Duration) {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.recent.sweep()
	w.mu.Lock()
	todo := w.dirty
	w.dirty = map[string]any{}
	for key, record := range todo {
		pause := w.recent.pause(key)
		if _, final := record.(last); final || record == nil || pause <= 0 || all {
			continue
		}
		delete(todo, key)
		w.dirty[key] = record
		if wait == 0 || pause < wait {
			wait = pause
		}
	}
	w.mu.Unlock()
	for key, record := range todo {
		w.tell(w.write(key, record))
	}
	return wait
}

func (w *Background) write(key string, record any) error {
	if final, ok := record.(last); ok {
		record = final.record
	}
	if record == nil && w.recent.deleted(key) {
		return nil
	}
	err := w.save(key, record)
	if err == nil {
		w.recent.note(key, record == nil)
	}
	return err
}

func (w *Background) save(key string, record any) error {
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
