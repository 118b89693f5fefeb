// SPDX-License-Identifier: Apache-2.0

package links

import "time"

// pace bounds how often news of host interfaces come: each may have all leases on a LAN confirmed,
// and a switch or a cable can take the carrier away many times a second.
type pace struct {
	since time.Time // the first of the news that count
	news  int
}

const (
	flapWindow = 10 * time.Second
	freeNews   = 6 // in the window; whoever configures a network makes several
	flapGather = 2 * time.Second
)

// told follows news of a host interface.
func (p *pace) told(now time.Time) {
	if now.Sub(p.since) > flapWindow {
		p.since, p.news = now, 0
	}
	p.news++
}

// until says how long messages are gathered, of which the first one came now.
func (p *pace) until(now time.Time) time.Time {
	if p.news >= freeNews && now.Sub(p.since) <= flapWindow {
		return now.Add(flapGather)
	}
	return now.Add(gather)
}
