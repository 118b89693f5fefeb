// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

// quiet is the pause before each try. The kernel goes on taking apart the namespace of the try
// before, with the lock that the making of a link needs; that is not this try's time.
const quiet = 25 * time.Millisecond

// inTurn tries the ways one at a time and in turn, so that whatever else the
// machine does falls on all alike. A way with fewer rounds sits some out.
func inTurn(part string, ways []*way, quick bool) ([]report.Way, error) {
	results, most := make([]report.Way, len(ways)), 0
	for i, w := range ways {
		results[i] = w.result()
		most = max(most, fewer(w.rounds, quick))
		if err := warm(w, quick); err != nil {
			return nil, err
		}
	}
	for round := range most {
		for i, w := range ways {
			n := fewer(w.rounds, quick)
			if round*n/most == (round+1)*n/most {
				continue
			}
			time.Sleep(quiet)
			took, failed, err := w.once()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}
			add(&results[i], took, failed)
			results[i].Elapsed += took / 1000
		}
	}
	for _, r := range results {
		tell(part, r)
	}
	return results, nil
}

// warm makes the first tries, which load files and fill caches, and are not
// counted. A way that fails each of them cannot be measured.
func warm(w *way, quick bool) error {
	var first error
	n := fewer(warmRounds, quick)
	bad := 0
	for range n {
		_, failed, err := w.once()
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if failed != nil {
			bad, first = bad+1, cmp.Or(first, failed)
		}
	}
	if bad == n {
		return fmt.Errorf("%s does not work here: %w", w.name, first)
	}
	return nil
}

// fewer is a tenth of n for a quick run.
func fewer(n int, quick bool) int {
	if quick {
		return max(n/10, 2)
	}
	return n
}
