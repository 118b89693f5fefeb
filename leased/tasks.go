// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// task is one part of the daemon.
type task struct {
	name string
	// run works until ctx ends. A task that returns nil earlier has no more to do,
	// and the others go on. An error stops them all.
	run   func(ctx context.Context) error
	ready <-chan struct{} // closed once the task does its work; nil: it is ready at once
}

// tasks run together. They start in this order and stop in the reverse order, one
// after the other: a task may use those before it until it returns.
type tasks []task

// run calls ready once all tasks are ready. It stops them when ctx ends or a task
// fails. Its error has those of all tasks, each with the task's name.
func (all tasks) run(ctx context.Context, ready func()) error {
	ctx, fail := context.WithCancel(ctx)
	defer fail()
	var stops []func() error
	for _, t := range all {
		stops = append(stops, t.start(context.WithoutCancel(ctx), fail))
	}
	if all.ready(ctx) {
		ready()
	}
	<-ctx.Done()
	var errs []error
	for _, stop := range slices.Backward(stops) {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}

// ready waits until all tasks are ready, and reports whether that was before ctx ended.
func (all tasks) ready(ctx context.Context) bool {
	for _, t := range all {
		if t.ready == nil {
			continue
		}
		select {
		case <-t.ready:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// start runs the task until stop is called. stop waits for the task and returns its
// error. fail is called when the task fails.
func (t task) start(ctx context.Context, fail func()) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := t.run(ctx)
		if err != nil {
			err = fmt.Errorf("%s: %w", t.name, err)
			fail()
		}
		ended <- err
	}()
	return func() error {
		cancel()
		return <-ended
	}
}
