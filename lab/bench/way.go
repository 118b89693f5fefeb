// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

const (
	boundKind = report.Bound
	oursKind  = report.Ours
	peerKind  = report.Peer
)

// How often a way is tried, one at a time: the slow ones less.
const (
	quickRounds  = 200 // about 1 ms
	middleRounds = 60  // 20 ms
	slowRounds   = 25  // 100 ms
	warmRounds   = 3
)

// try is one fresh namespace, and the container that it is for.
type try struct {
	container
	space
}

// way is one way to attach a container.
type way struct {
	name   string
	kind   report.Kind
	rounds int
	// before, if not nil, prepares what all tries share, and is not measured.
	before func() error
	// attach is what is measured. undo is not, and is called even after an error; where
	// nothing is attached there is none.
	attach func(t try) (undo func() error, err error)
	// noLink says that nothing is attached, and no namespace is needed.
	noLink bool
	// beside are prefixes of which the container has an address beside that of IPv4.
	beside []netip.Prefix

	count int
}

func newTry(name string) (try, error) {
	s, err := newSpace(name)
	return try{newContainer(name), s}, err
}

// once tries the way once, in ms. failed is about the way, err about our own stage.
func (w *way) once() (took float64, failed, err error) {
	var t try
	if w.before != nil {
		err = w.before()
	}
	if w.count++; err == nil && !w.noLink {
		t, err = newTry(fmt.Sprintf("bench-%s-%d", strings.Map(letters, w.name), w.count))
	}
	if err != nil {
		return 0, nil, err
	}
	took, undo, failed := w.timed(t)
	if w.noLink {
		return took, failed, nil
	}
	if failed == nil {
		failed = t.bound(append(w.beside, lanPrefix)...)
	}
	// A teardown that fails is not what is measured, but the try did not do well.
	failed = errors.Join(failed, undo())
	return took, failed, deleteSpaces(t.space)
}

func (w *way) timed(t try) (took float64, undo func() error, err error) {
	begin := time.Now()
	undo, err = w.attach(t)
	return ms(time.Since(begin)), undo, err
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func letters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// add notes a try.
func add(r *report.Way, took float64, failed error) {
	if failed != nil {
		if r.Failed++; r.Error == "" {
			r.Error = failed.Error()
		}
		return
	}
	r.Took = append(r.Took, took)
}

// result is the beginning of what is found about the way.
func (w *way) result() report.Way { return report.Way{Name: w.name, Kind: w.kind, Took: []float64{}} }

// tell prints the figures so far, for those who wait.
func tell(part string, r report.Way) {
	line := fmt.Sprintf("%-10s %-36s %4d tries", part, r.Name, len(r.Took)+r.Failed)
	if len(r.Took) > 0 {
		sorted := slices.Sorted(slices.Values(r.Took))
		n := len(sorted)
		line += fmt.Sprintf("  p50 %8.2f  p95 %8.2f  max %8.2f ms", sorted[n/2], sorted[n*95/100], sorted[n-1])
	}
	if r.Elapsed > 0 {
		line += fmt.Sprintf("  %6.1f/s", float64(len(r.Took))/r.Elapsed)
	}
	if r.Failed > 0 {
		line += fmt.Sprintf("  %d FAILED: %s", r.Failed, r.Error)
	}
	fmt.Fprintln(os.Stderr, line)
}
