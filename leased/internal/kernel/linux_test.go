// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

func requestFor(l testlan.Link) leaseapi.AcquireRequest {
	return leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{Interface: l.Name},
		Link:       leaseapi.Link{Netns: l.NS.Path, Index: l.Index, MAC: l.MAC.String(), Host: testlan.HostBridge, MTU: 1500},
	}
}

func TestFindKnowsTheLink(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	for name, c := range map[string]struct {
		change func(r *leaseapi.AcquireRequest)
		good   bool
	}{
		"as it is":          {func(*leaseapi.AcquireRequest) {}, true},
		"by its name":       {func(r *leaseapi.AcquireRequest) { r.Link.Index = 0 }, true},
		"another name":      {func(r *leaseapi.AcquireRequest) { r.Link.Index, r.Attachment.Interface = 0, "eth7" }, false},
		"its name, not MAC": {func(r *leaseapi.AcquireRequest) { r.Link.Index, r.Link.MAC = 0, "02:00:00:00:ff:ff" }, false},
		"another index":     {func(r *leaseapi.AcquireRequest) { r.Link.Index += 100 }, false},
		"another MAC":       {func(r *leaseapi.AcquireRequest) { r.Link.MAC = "02:00:00:00:ff:ff" }, false},
		"no netns":          {func(r *leaseapi.AcquireRequest) { r.Link.Netns += "x" }, false},
		"the host":          {func(r *leaseapi.AcquireRequest) { r.Link.Netns = "/proc/self/ns/net" }, false},
		"another kind":      {func(r *leaseapi.AcquireRequest) { r.Link.Netns = "/proc/self/ns/mnt" }, false},
	} {
		r := requestFor(link)
		c.change(&r)
		p, err := Linux{}.Find(r)
		Linux{}.Leave(p)
		if c.good != (err == nil) || !c.good && !errors.Is(err, ErrGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who is short of descriptors must not take all containers for dead. Not
// parallel: the limit is the process's.
func TestShortOfDescriptors(t *testing.T) {
	testlan.RequireRoot(t)
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	place, err := Linux{}.Find(requestFor(link))
	Linux{}.Leave(place)
	if err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := unix.Rlimit{Cur: 0, Max: limit.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, err = Linux{}.Packet(place)
	if restore := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); restore != nil {
		t.Fatal(restore)
	}
	if !errors.Is(err, unix.EMFILE) || errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
	if _, err := (Linux{}).Packet(place); err != nil {
		t.Error(err)
	}
}
