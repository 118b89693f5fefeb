// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"os"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// hooked is container i under an id that others have, too, as the hook of an owner asks for it.
func (w *world) hooked(i int, owner string) leaseapi.AcquireRequest {
	req := w.container(i)
	req.Attachment.ContainerID, req.Attachment.Network, req.Attachment.Owner = "web", "io.leased", owner
	return req
}

func (w *world) releaseContainer(id, owner string) {
	w.t.Helper()
	w.must(w.m.ReleaseContainer(context.Background(), id, owner))
	w.rest()
}

// bound are the netns of the attachments that have an address.
func (w *world) wantBound(want ...string) {
	w.t.Helper()
	var got []string
	for _, s := range listed(w.m) {
		if s.State == "BOUND" {
			got = append(got, s.Link.Netns)
		}
	}
	if len(got) != len(want) {
		w.t.Fatalf("bound are %q, want %q", got, want)
	}
	for _, netns := range want {
		found := false
		for _, g := range got {
			found = found || g == netns
		}
		if !found {
			w.t.Errorf("bound are %q, want %q", got, want)
		}
	}
}

// Two containers of one id and of two owners run side by side, and the end of one is no end of
// the other.
func TestOneIdOfTwoOwners(t *testing.T) {
	inWorld(t, func(w *world) {
		first, second := w.hooked(9, "hook:1"), w.hooked(10, "hook:2")
		w.acquire(first)
		w.acquire(second)
		w.wantBound(first.Link.Netns, second.Link.Netns)
		w.must(w.restart(func() {})) // the records tell them apart
		w.kernel.remove(second.Link.Netns)
		w.releaseContainer("web", "hook:2")
		w.wantBound(first.Link.Netns)
		w.releaseContainer("web", "hook:1") // another container may share its netns, and live on
		w.wantNothingLeft()
	})
}

// The hook's container of before owners is found by an owner, and Podman's never.
func TestOwnerOfOlderRecords(t *testing.T) {
	inWorld(t, func(w *world) {
		old, podman := w.hooked(9, ""), w.hooked(10, "")
		podman.Attachment.Network = "lan"
		w.acquire(old)
		w.acquire(podman)
		w.must(w.restart(func() {}))
		w.kernel.remove(old.Link.Netns)
		w.kernel.remove(podman.Link.Netns)
		w.releaseContainer("web", "hook:1")
		w.wantBound(podman.Link.Netns)
	})
}

// A teardown in another netns than the attachment's is that of another container.
func TestTeardownElsewhere(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.space(9, nil)
		w.mustSetUp(s)
		first := w.kernel.links["/run/netns/9"]
		w.kernel.since()
		w.server.since()
		w.kernel.with(func(k *fakeKernel) { k.adopts = "/run/netns/10" })
		w.kernel.add(kernel.Place{Netns: "/run/netns/10", Cookie: 1010})
		at := request.Attachment{ContainerID: "id9", Network: "lan", Interface: "eth0"}
		w.must(w.m.Teardown(context.Background(), at, os.Stdin))
		w.rest()
		w.wantBound(first.Netns)
		w.wantCalls()
		w.wantHeard()
		w.kernel.remove(first.Netns) // now it is the only one
		w.must(w.m.Teardown(context.Background(), at, os.Stdin))
		w.rest()
		w.wantNothingLeft()
	})
}
