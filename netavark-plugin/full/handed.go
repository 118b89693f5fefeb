// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/pipe"
)

// handed is the call of leased that the plugin has begun.
type handed struct {
	call  *leaseapi.Sent // nil: leased got no call
	since time.Time      // zero: no call was tried
}

// takeOver reads the two arguments by which the plugin hands over a call: the descriptor of the
// connection, or -1, and the time in nanoseconds of CLOCK_MONOTONIC. Without a call there are no arguments.
func takeOver(args []string) (h handed, ok bool) {
	if len(args) == 0 {
		return handed{}, true
	}
	if len(args) != 2 {
		return handed{}, false
	}
	fd, err := strconv.Atoi(args[0])
	begun, err2 := strconv.ParseInt(args[1], 10, 64)
	if err != nil || err2 != nil || fd == 0 || fd == 1 || fd == 2 {
		return handed{}, false
	}
	h.since = time.Now().Add(time.Duration(begun - pipe.Now()))
	if fd > 0 {
		h.call = leaseapi.Resume(fd, h.since)
	}
	return h, true
}
