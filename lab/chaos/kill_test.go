// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// progress is how far a start has come.
type progress uint8

const (
	begun   progress = iota + 1 // nothing is asked of a server, there may be a link
	asked                       // the server may have given a lease that no record names
	written                     // the lease is in its record
)

// step is a failpoint that a container's start passes. A record is written twice: first the
// intention, then the lease.
type step struct {
	at  string
	how progress
}

// starts are the steps in their order: the points of leased/internal/failpoint but for those
// of a teardown.
var starts = []step{
	{"MidRename", begun},
	{"AfterWrite", begun},
	{"AfterIntention", begun},
	{"AfterLink", begun},
	{"AfterDiscover", begun},
	{"AfterOffer", begun},
	{"AfterRequest", asked},
	{"AckBeforeWrite", asked},
	{"AfterAddress", asked},
	{"MidRename:2", asked},
	{"AfterWrite:2", written},
	{"BeforeAnswer", written},
	{"AfterAnswer", written},
}

// ends are the failpoints of a container's end.
var ends = []string{"MidTeardown", "LinkDeleted"}

// points are all failpoints.
func points() (all []string) {
	for _, s := range starts {
		name, _, _ := strings.Cut(s.at, ":")
		all = append(all, name)
	}
	slices.Sort(all)
	return append(slices.Compact(all), ends...)
}

// Killed at any step of a container's start, leased is as if it had not been: the
// start goes on, with one address and one lease, and the end leaves nothing. If the
// container or the caller dies, too, nothing is left of the start.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	program := build(t)
	for _, p := range ends {
		t.Run(p, func(t *testing.T) { killedInLeave(t, program, p) })
	}
	for _, s := range starts {
		t.Run(s.at, func(t *testing.T) {
			t.Run("the container stays", func(t *testing.T) { t.Parallel(); killedInJoin(t, program, s) })
			t.Run("the container dies", func(t *testing.T) { t.Parallel(); killedInJoinWithIt(t, program, s) })
			t.Run("the caller dies", func(t *testing.T) { t.Parallel(); killedWithTheCaller(t, program, s, onBridge) })
		})
	}
	for _, s := range starts[:4] {
		t.Run(s.at+" of a macvlan", func(t *testing.T) { t.Parallel(); killedWithTheCaller(t, program, s, onMacvlan) })
	}
}

func killedInJoin(t *testing.T, program string, s step) {
	h := newHost(t, program)
	first := h.start(s.at)
	first.ready()
	c := h.container("web", "now")
	join := c.join()
	first.fallen()
	second := h.run()
	join.done(t, "the join that leased died of")
	h.settle(world{live: []*container{c}})
	second.kill()

	mark := h.story.mark()
	h.run()
	h.settle(world{live: []*container{c}})
	if n := h.heard(mark, "DHCPDISCOVER"); n > 0 {
		t.Errorf("a leased that adopts a lease sends %d DISCOVERs", n)
	}
	h.farewellTo(c, mark)
}

// farewellTo ends a container in order, and checks that nothing is left.
func (h *host) farewellTo(c *container, mark int) {
	h.t.Helper()
	c.leave().done(h.t, "the end")
	h.settle(world{empty: []*container{c}})
	c.remove()
	h.settle(world{})
	if h.heard(mark, "DHCPRELEASE", c.mac) != 1 {
		h.t.Error("not one RELEASE at the end")
	}
}

func killedInJoinWithIt(t *testing.T, program string, s step) {
	h := newHost(t, program)
	first := h.start(s.at)
	first.ready()
	c := h.container("web", "1s")
	join := c.join()
	first.fallen()
	join.killed()
	c.remove()
	mark := h.story.mark()
	h.run()
	w := world{graves: []grave{{c, time.Now().Add(5 * time.Second)}}, lost: s.lost(c)}
	if s.how == written {
		h.hears(mark, "DHCPRELEASE", c.mac)
	}
	w.graves = nil
	h.settle(w)
}

// lost says that leased may have died with a lease that the server had given, before there was
// any record of it: nobody can give that back.
func (s step) lost(c *container) map[string]bool {
	return map[string]bool{c.mac: s.how == asked}
}

// killedWithTheCaller kills leased and the caller, and leaves the container's namespace alone:
// the next leased removes the link, or has the lease that was written. Then the same start
// works.
func killedWithTheCaller(t *testing.T, program string, s step, kind map[string]string) {
	h := newHost(t, program)
	first := h.start(s.at)
	first.ready()
	c := h.containerOn(kind, "web", "now")
	join := c.join()
	first.fallen()
	join.killed()
	h.run()
	if s.how == written {
		h.settle(world{live: []*container{c}})
	} else {
		h.settle(world{empty: []*container{c}, lost: s.lost(c)})
	}
	mark := h.story.mark()
	c.join().done(t, "the same again")
	h.settle(world{live: []*container{c}})
	h.farewellTo(c, mark)
}

// Killed when the address or the link is gone and the record is not, leased ends later what it
// began: the lease is given back, and nothing is left.
func killedInLeave(t *testing.T, program, p string) {
	for _, release := range []string{"now", "1s"} {
		for what, callerDies := range map[string]bool{"caller goes on": false, "caller dies": true} {
			t.Run(release+", "+what, func(t *testing.T) {
				t.Parallel()
				h := newHost(t, program)
				first := h.start(p)
				first.ready()
				c := h.container("web", release)
				c.join().done(t, "the join")
				h.settle(world{live: []*container{c}})
				mark := h.story.mark()
				leave := c.leave()
				first.fallen()
				if callerDies {
					leave.killed()
				}
				h.run()
				<-leave.ended // well or not: the attachment says that leased hung up
				c.remove()
				h.hears(mark, "DHCPRELEASE", c.mac)
				h.settle(world{})
			})
		}
	}
}
