// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

// workers is how many attach at once.
const workers = 8

// As many for each way: every container there is hears every broadcast of the next.
const (
	many      = 160
	manyQuick = 40
)

// attempt is a try and what came of it.
type attempt struct {
	try
	took   float64
	undo   func() error
	failed error
}

// measureParallel measures the ways with many at once.
func (h *host) measureParallel(r *report.Report) error {
	n := many
	if r.Quick {
		n = manyQuick
	}
	for _, w := range h.attachWays() {
		result, err := w.atOnce(n)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		tell("8 at once", result)
		r.Parallel = append(r.Parallel, result)
		if err := lanForget(); err != nil {
			return err
		}
	}
	return nil
}

// atOnce attaches n containers, and measures nothing else: the namespaces are made
// before and all is undone afterwards.
func (w *way) atOnce(n int) (report.Way, error) {
	r := w.result()
	all := make([]attempt, n)
	for i := range all {
		var err error
		if all[i].try, err = newTry(fmt.Sprintf("many-%d", i)); err != nil {
			return r, err
		}
	}
	if w.before != nil {
		if err := w.before(); err != nil {
			return r, err
		}
	}
	begin := time.Now()
	each(all, func(a *attempt) { a.took, a.undo, a.failed = w.timed(a.try) })
	r.Elapsed = time.Since(begin).Seconds()
	each(all, func(a *attempt) {
		if a.failed == nil {
			a.failed = a.bound(lanPrefix)
		}
		a.failed = errors.Join(a.failed, a.undo())
	})
	var spaces []space
	for _, a := range all {
		add(&r, a.took, a.failed)
		spaces = append(spaces, a.space)
	}
	return r, deleteSpaces(spaces...)
}

// each calls fn for all, by the workers.
func each(all []attempt, fn func(*attempt)) {
	next := make(chan *attempt)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for a := range next {
				fn(a)
			}
		})
	}
	for i := range all {
		next <- &all[i]
	}
	close(next)
	working.Wait()
}
