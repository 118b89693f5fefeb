// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"testing"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/lab/testlan"
)

func TestVethHasOneQueue(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := spec(testlan.HostBridge)
	s.MTU = 1400
	for name, build := range map[string]func() error{
		"made":                func() error { _, err := l.make(s); return err },
		"for an older kernel": func() error { return l.host.MakeAnew(l.open(l.container), s) },
	} {
		if err := build(); err != nil {
			t.Fatal(err)
		}
		for _, link := range []netlink.Link{l.link(l.container, s.Interface), l.link(l.Host, s.HostEnd)} {
			if a := link.Attrs(); a.NumTxQueues != 1 || a.NumRxQueues != 1 {
				t.Errorf("%s: %s has %d queues to send and %d to receive", name, a.Name, a.NumTxQueues, a.NumRxQueues)
			}
		}
		if err := attach.Delete(l.open(l.container), s.Interface, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkVeth makes a veth and plugs it into the bridge; it does not time the deletion.
func BenchmarkVeth(b *testing.B) {
	lan := testlan.New(b)
	host, err := attach.OpenHost(lan.Host.Open())
	if err != nil {
		b.Fatal(err)
	}
	defer host.Close()
	ns, s := lan.Container().Open(), spec(testlan.HostBridge)
	for b.Loop() {
		if _, err := host.Make(b.Context(), ns, s); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := attach.Delete(ns, s.Interface, nil); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
