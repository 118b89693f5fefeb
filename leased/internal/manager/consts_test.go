// SPDX-License-Identifier: Apache-2.0

package manager

import "time"

// How long the packages below wait, as users feel it.
const (
	patience    = 10 * time.Second       // ipv4 and ipv6: a socket stays open
	solicitWait = 700 * time.Millisecond // ipv6: for a router
	releaseWait = 100 * time.Millisecond // ipv6: for a REPLY to the first RELEASE
)
