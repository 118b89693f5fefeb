// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"sync/atomic"

	vns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Alive reports whether a namespace has the number.
var Alive = alive

// LoseWay makes the way back fail so many times.
func LoseWay(times int64) {
	var tried atomic.Int64
	setHome = func(home vns.NsHandle) error {
		if tried.Add(1) <= times {
			return unix.ENOMEM
		}
		return vns.Set(home)
	}
}
