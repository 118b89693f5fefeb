// SPDX-License-Identifier: Apache-2.0

package chaos_test

import "testing"

// A caller that dies at any step before the answer leaves nothing in its container, on the
// host, on the disk and at the server. leased lives, and the same start works afterwards.
func TestCallerKilledAtEachStep(t *testing.T) {
	t.Parallel()
	program := build(t)
	for _, s := range starts {
		if s.at == "AfterAnswer" {
			continue // the caller has what it asked for
		}
		t.Run(s.at, func(t *testing.T) { t.Parallel(); hungUp(t, program, s, onBridge) })
	}
	for _, s := range starts[:4] {
		t.Run(s.at+" of a macvlan", func(t *testing.T) { t.Parallel(); hungUp(t, program, s, onMacvlan) })
	}
}

func hungUp(t *testing.T, program string, s step, kind map[string]string) {
	h := newHost(t, program)
	d := h.start(s.at + "=pause")
	d.ready()
	c := h.containerOn(kind, "web", "now")
	join := c.join()
	d.pauses()
	join.killed()
	mark := h.story.mark()
	d.goOn()
	if s.how == written {
		h.hears(mark, "DHCPRELEASE", c.mac)
	}
	// leased may go on to the REQUEST before it hears of the hang-up.
	h.settle(world{empty: []*container{c}, lost: map[string]bool{c.mac: s.how != written}})
	mark = h.story.mark()
	c.join().done(t, "the same again")
	h.settle(world{live: []*container{c}})
	h.farewellTo(c, mark)
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
	if <-join.ended; join.err == nil || !h.story.has(join.mark, second.at.ContainerID+": ", "leased failed; see: journalctl -u leased") {
		t.Errorf("the join that met the panic: %v", join.err)
	}
	h.settle(world{live: []*container{first}, empty: []*container{second}, lost: map[string]bool{second.mac: true}})
	second.join().done(t, "the same again")
	h.settle(world{live: []*container{first, second}})
	if n := h.told(d.mark, "level=ERROR", "msg=panic"); n != 1 {
		t.Errorf("the log tells of %d panics", n)
	}
}
