// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"slices"
	"testing"
	"time"
)

// starts are the failpoints that a container's start passes, in their order: those
// of leased/internal/failpoint but for MidTeardown.
var starts = []string{
	"AfterDiscover", "AfterOffer", "AfterRequest", "AckBeforeWrite", "AfterAddress", "MidRename",
	"AfterWrite", "BeforeAnswer", "AfterAnswer",
}

// Killed at any step of a container's start, leased is as if it had not been: the
// start goes on, with one address and one lease, and the end leaves nothing.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	program := build(t)
	t.Run("MidTeardown", func(t *testing.T) { killedInLeave(t, program) })
	for _, p := range starts {
		t.Run(p, func(t *testing.T) {
			t.Run("the container stays", func(t *testing.T) { t.Parallel(); killedInJoin(t, program, p) })
			t.Run("the container dies", func(t *testing.T) { t.Parallel(); killedInJoinWithIt(t, program, p) })
		})
	}
}

func killedInJoin(t *testing.T, program string, p string) {
	h := newHost(t, program)
	first := h.start(p)
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
	c.leave().done(t, "the end")
	c.remove()
	h.settle(world{})
	if h.heard(mark, "DHCPRELEASE", c.mac) != 1 {
		t.Error("not one RELEASE at the end")
	}
}

// unknown says that leased was killed with a lease that the server had given or was
// about to, before there was any record of it: nobody can give that back.
func unknown(p string) bool {
	return slices.Contains(starts[2:6], p)
}

func killedInJoinWithIt(t *testing.T, program string, p string) {
	h := newHost(t, program)
	first := h.start(p)
	first.ready()
	c := h.container("web", "1s")
	join := c.join()
	first.fallen()
	join.killed()
	c.remove()
	mark := h.story.mark()
	h.run()
	w := world{graves: []grave{{c, time.Now().Add(5 * time.Second)}}, lost: map[string]bool{c.mac: unknown(p)}}
	if slices.Contains(starts[6:], p) {
		h.hears(mark, "DHCPRELEASE", c.mac)
	}
	w.graves = nil
	h.settle(w)
}

// Killed when the address is gone and the record is not, leased ends later what it
// began: the lease is given back, and nothing is left.
func killedInLeave(t *testing.T, program string) {
	for _, release := range []string{"now", "1s"} {
		for what, callerDies := range map[string]bool{"caller goes on": false, "caller dies": true} {
			t.Run(release+", "+what, func(t *testing.T) {
				t.Parallel()
				h := newHost(t, program)
				first := h.start("MidTeardown")
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

// A panic is the end of one start, and of nothing else.
func TestPanicCostsOneStart(t *testing.T) {
	t.Parallel()
	h := newHost(t, build(t))
	d := h.start("AfterAddress:2=panic")
	d.ready()
	first, second := h.container("first", "now"), h.container("second", "now")
	first.join().done(t, "a join")
	join := second.join()
	if <-join.ended; join.err == nil || !h.story.has(join.mark, "caller: ", "leased failed; see: journalctl -u leased") {
		t.Errorf("the join that met the panic: %v", join.err)
	}
	h.settle(world{live: []*container{first}, lost: map[string]bool{second.mac: true}})
	second.join().done(t, "the same again")
	h.settle(world{live: []*container{first, second}})
	if n := h.told(d.mark, "level=ERROR", "msg=panic"); n != 1 {
		t.Errorf("the log tells of %d panics", n)
	}
}
