// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"fmt"
	"slices"
	"time"

	"podman-net-dhcp/internal/options"
)

// act is what happens to a container in a round. Either caller may be nil.
type act struct {
	old, new    *container
	leave, join *caller
	doomed      time.Duration // after which new dies, if it is to; 0: it is not
	alone       bool          // only the caller dies, and not new
}

func (a act) wait() {
	if a.doomed > 0 {
		time.Sleep(a.doomed) // at random is the point
		if !a.alone {
			a.new.remove()
		}
		a.join.killed()
	}
	for _, k := range []*caller{a.leave, a.join} {
		if k != nil {
			<-k.ended
		}
	}
}

// acts begins what happens in a round: up to four containers come or go.
func (g *gamble) acts() (acts []act) {
	for _, n := range g.Perm(names)[:1+g.IntN(4)] {
		name := fmt.Sprintf("c%d", n)
		release := releases[g.IntN(len(releases))]
		kind := g.IntN(3)
		old := g.at[name]
		var a act
		switch {
		case old == nil:
			a.new = g.containerOn(linkOf(n), name, release)
			a.join = a.new.join()
			if kind < 2 { // it dies in the middle of its start, or its caller does
				a.doomed, a.alone = time.Duration(1+g.IntN(2*maxDelay))*time.Millisecond, kind == 1
			}
		case kind == 0: // it leaves; its runtime takes the namespace when that is over
			a.old, a.leave = old, old.leave()
		case kind == 1: // it dies
			a.old = old
			old.remove()
		default: // it dies, and is made anew
			a.old = old
			old.remove()
			a.new = g.containerOn(linkOf(n), name, release)
			a.join = a.new.join()
		}
		acts = append(acts, a)
	}
	return acts
}

// linkOf is the kind of a container's link, the same each time: another one would be another
// client to leased.
func linkOf(n int) map[string]string {
	if n%3 == 0 {
		return onMacvlan
	}
	return onBridge
}

// account notes what ought to be after an act.
func (g *gamble) account(a act) {
	if a.leave != nil {
		a.old.remove()
	}
	if a.old != nil {
		delete(g.at, a.old.at.ContainerName)
		g.live = slices.DeleteFunc(g.live, func(c *container) bool { return c == a.old })
		g.bury(a.old)
	}
	switch {
	case a.new == nil:
	case a.join.err == nil && (a.doomed == 0 || a.alone):
		g.at[a.new.at.ContainerName] = a.new
		g.live = append(g.live, a.new)
		delete(g.lost, a.new.mac) // whatever was lost is this one's
	default:
		// A start that failed, or was over too late to count; its lease may be one that leased never knew of.
		g.bury(a.new)
		g.lost[a.new.mac] = true
		g.rebury(a.new.mac)
		switch {
		case a.alone:
			g.abandoned = append(g.abandoned, a.new)
		case a.doomed == 0:
			g.empty = append(g.empty, a.new)
		}
	}
}

// bury notes until when a container's lease may be held: from when leased notices.
func (g *gamble) bury(c *container) {
	if grace := g.grace(c); grace > 0 {
		g.graves = append(g.graves, grave{c, time.Now().Add(grace)})
	}
}

// rebury is about those whose lease a start that failed had taken over: what knows
// of it now is the memo of the one before, whose grace begins anew.
func (g *gamble) rebury(mac string) {
	for i, old := range g.graves {
		if old.mac == mac {
			g.graves[i].until = time.Now().Add(g.grace(old.container))
		}
	}
}

func (g *gamble) grace(c *container) time.Duration {
	grace, _, err := options.Grace(c.options["release"])
	must(g.t, err)
	if grace > 0 {
		grace += graceSlack
	}
	return grace
}

// graceSlack is what a round takes at most until leased, started for good, has
// noticed who is gone.
const graceSlack = 10 * time.Second
