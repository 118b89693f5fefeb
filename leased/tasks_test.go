// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

var errBroken = errors.New("broken")

// diary notes the ends of tasks in their order.
type diary struct {
	mu    sync.Mutex
	ended []string
}

func (d *diary) note(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = append(d.ended, name)
}

// lasting is a task that ends with its context.
func (d *diary) lasting(name string) task {
	return task{name: name, run: func(ctx context.Context) error { <-ctx.Done(); d.note(name); return nil }}
}

// begin runs all, and returns how often ready was called, and the end.
func begin(ctx context.Context, all tasks) (ready *int, ended chan error) {
	ready, ended = new(int), make(chan error, 1)
	go func() { ended <- all.run(ctx, func() { *ready++ }) }()
	synctest.Wait()
	return ready, ended
}

func (d *diary) wants(t *testing.T, names ...string) {
	t.Helper()
	if !slices.Equal(d.ended, names) {
		t.Errorf("ended in the order %q, want %q", d.ended, names)
	}
}

func TestTasksAreReadyWhenAllAre(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 2}, {2, 0}} {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			ctx, stop := context.WithCancel(t.Context())
			all, done := tasks{d.lasting("a"), d.lasting("b"), d.lasting("c")}, [3]chan struct{}{}
			for _, i := range order {
				done[i] = make(chan struct{})
				all[i].ready = done[i]
			}
			ready, ended := begin(ctx, all)
			for _, i := range order {
				if *ready != 0 {
					t.Error("ready before all are")
				}
				close(done[i])
				synctest.Wait()
			}
			if d.wants(t); *ready != 1 {
				t.Errorf("ready %d times", *ready)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			d.wants(t, "c", "b", "a")
		})
	}
}

// A task that stops takes its time, and those before it do not stop meanwhile.
func TestTasksStopOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		slow := task{name: "slow", run: func(ctx context.Context) error { <-ctx.Done(); <-done; d.note("slow"); return nil }}
		_, ended := begin(ctx, tasks{d.lasting("a"), slow, d.lasting("c")})
		stop()
		synctest.Wait()
		d.wants(t, "c")
		close(done)
		<-ended
		d.wants(t, "c", "slow", "a")
	})
}

func TestOneTaskFailsAndAllStopInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		now := make(chan struct{})
		fails := task{name: "fails", run: func(context.Context) error { <-now; d.note("fails"); return errBroken }}
		late := task{name: "late", run: func(ctx context.Context) error { <-ctx.Done(); d.note("late"); return errors.New("too") }}
		ready, ended := begin(t.Context(), tasks{d.lasting("a"), fails, late, d.lasting("d")})
		if d.wants(t); *ready != 1 {
			t.Errorf("ready %d times", *ready)
		}
		close(now)
		err := <-ended
		if !errors.Is(err, errBroken) || err.Error() != "late: too\nfails: broken" {
			t.Error(err)
		}
		d.wants(t, "fails", "d", "late", "a")
	})
}

func TestTaskFailsBeforeAllAreReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		never := d.lasting("never")
		never.ready = make(chan struct{})
		ready, ended := begin(t.Context(), tasks{never, {name: "fails", run: func(context.Context) error { return errBroken }}})
		if err := <-ended; !errors.Is(err, errBroken) || *ready != 0 {
			t.Errorf("%v, ready %d times", err, *ready)
		}
		d.wants(t, "never")
	})
}

// The watchdog is such a task where systemd asks for none.
func TestTaskWithNothingToDoStopsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, stop := context.WithCancel(t.Context())
		ready, ended := begin(ctx, tasks{d.lasting("a"), {name: "b", run: func(context.Context) error { return nil }}})
		if d.wants(t); *ready != 1 {
			t.Errorf("ready %d times", *ready)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		d.wants(t, "a")
	})
}
