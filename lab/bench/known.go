// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"podman-net-dhcp/lab/bench/report"
)

// How many containers come back: where each takes 3 s there are few.
const (
	knownOurs  = 30
	knownPeers = 2
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
	r.Known = make([]report.Way, len(ways))
	for i, w := range ways {
		r.Known[i] = w.result()
		var before report.Way
		if err := w.comeBack(&before, r.Quick); err != nil {
			return err
		}
	}
	for i, w := range ways {
		// A new one for each way: after six pings within half a minute dnsmasq goes
		// without.
		if err := lanServer("--ping"); err != nil {
			return err
		}
		if err := w.comeBack(&r.Known[i], r.Quick); err != nil {
			return err
		}
		tell("known", r.Known[i])
	}
	return lanForget()
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
