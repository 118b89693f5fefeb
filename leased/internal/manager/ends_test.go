// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"
	"time"
)

// The kernel tells that a netns has ended: the lease goes back at once, from a
// link that stands in for the one that is gone.
func TestNetnsEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		gone, alive := w.numbered(9, 3), w.numbered(8, 3) // a number that was used again
		other := w.numbered(7, 4)
		for _, i := range []int{gone, alive, other} {
			w.acquire(w.request(i))
		}
		w.server.since()
		w.kernel.since()
		w.kernel.remove("/run/netns/9")
		w.m.NetnsEnded([]int{3}, false)
		w.rest()
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 02:ff:00:00:00:01")
		w.wantCalls("packet", "stand-in 02:00:00:00:00:09 on br0", "remove 192.0.2.9/24")
		if w.m.Len() != 2 {
			t.Errorf("%d attachments are left, want the two that live", w.m.Len())
		}
		w.kernel.remove("/run/netns/7")
		w.m.NetnsEnded(nil, true)
		w.rest()
		if w.m.Len() != 1 || listed(w.m)[0].Attachment.ContainerName != "web8" {
			t.Errorf("left are %+v", listed(w.m))
		}
	})
}

// A container that was made anew is the same client to the server: its old self's
// end must not give away what it has.
func TestSuccessorKeepsTheLease(t *testing.T) {
	inWorld(t, func(w *world) {
		old := w.request(w.numbered(9, 3))
		w.acquire(old)
		anew := w.container(9) // the same path, name and MAC
		anew.Attachment.ContainerID = "another"
		at := w.kernel.links["/run/netns/9"]
		at.Cookie, at.Number = 77, 4
		w.kernel.add(at)
		w.acquire(anew)
		w.server.since()
		w.m.NetnsEnded([]int{3}, false)
		w.rest()
		w.wantHeard()
		if w.m.Len() != 1 || listed(w.m)[0].Attachment.ContainerID != "another" {
			t.Errorf("left are %+v", listed(w.m))
		}
	})
}

// Nor does the end of a container that waits for its first lease go unseen.
func TestNetnsEndsBeforeThereIsALease(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.request(w.numbered(9, 3))
		w.server.set(silent)
		got := w.inBackground(context.Background(), req)
		w.pass(time.Second)
		w.kernel.remove("/run/netns/9")
		w.m.NetnsEnded([]int{3}, false)
		if r := <-got; r.err == nil {
			t.Errorf("Acquire: %+v", r)
		}
		w.wantNothingLeft()
	})
}

// The same container on a new link, and nobody said goodbye to the old one: to the
// server nothing has happened that it would have to be told by a RELEASE.
func TestContainerOnANewLink(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.request(w.numbered(9, 3))
		w.acquire(req)
		at := w.kernel.links["/run/netns/9"]
		at.Cookie, at.Number = 77, 4
		w.kernel.add(at)
		w.server.since()
		w.kernel.since()
		w.acquire(req)
		w.wantHeard("REQUEST packet") // INIT-REBOOT
		w.wantCalls("packet", "apply 192.0.2.9/24")
		w.wantState("BOUND")
	})
}
