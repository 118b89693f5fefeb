// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"podman-net-dhcp/lab/bench/report"
)

// How many containers come back: where each takes 3 s there are few. Those of ours come back
// more than once, in turn to a server with and without its ping check.
const (
	knownOurs  = 30
	knownPeers = 2
	knownTurns = 2
)

// measureKnown measures the start of containers that were leased before, under the
// same name and, as by podman run --rm, with a new id, by a server that pings an
// address before it offers it, as dnsmasq does unless told otherwise. Of what it
// has leased already it is sure.
func (h *host) measureKnown(r *report.Report) error {
	ways := h.attachWays()
	for i, kind := range []options{onMacvlan(), onBridge()} {
		kind["release"] = "5m" // they stay away for longer than the default's 20 s
		ways[i] = ours(ways[i].name, kind)
	}
	for _, w := range ways {
		var before report.Way
		if err := w.comeBack(&before, r.Quick); err != nil {
			return err
		}
	}
	for _, w := range ways {
		if err := w.measureKnown(r); err != nil {
			return err
		}
	}
	return lanForget()
}

// measureKnown measures one way. The server is a new one each time: after six pings within
// half a minute dnsmasq goes without.
func (w *way) measureKnown(r *report.Report) error {
	ping, plain, turns := w.result(), w.result(), 1
	if w.kind == oursKind {
		turns = knownTurns
	}
	for range turns {
		if w.kind == oursKind {
			if err := errors.Join(lanServer(), w.comeBack(&plain, r.Quick)); err != nil {
				return err
			}
		}
		if err := errors.Join(lanServer("--ping"), w.comeBack(&ping, r.Quick)); err != nil {
			return err
		}
	}
	r.Known = append(r.Known, ping)
	tell("known", ping)
	if w.kind == oursKind {
		r.KnownPlain = append(r.KnownPlain, plain)
		tell("no ping", plain)
	}
	return nil
}

// comeBack attaches the way's containers, each under the name that it has every time.
func (w *way) comeBack(r *report.Way, quick bool) error {
	n := knownPeers
	if w.kind == oursKind {
		n = fewer(knownOurs, quick)
	} else if quick {
		n = 1
	}
	return w.repeat(r, n)
}

// repeat attaches n containers one after another, those of an earlier repeat again.
func (w *way) repeat(r *report.Way, n int) error {
	for i := range n {
		w.count = i
		took, failed, err := w.once()
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		add(r, took, failed)
		r.Elapsed += took / 1000
	}
	return nil
}
