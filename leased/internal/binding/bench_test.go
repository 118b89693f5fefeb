// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"testing"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// BenchmarkApply is the kernel's side of a start and of a renewal, the opening of the
// sockets included: one message at a time by the library, and in one request.
func BenchmarkApply(b *testing.B) {
	lan := testlan.New(b)
	link := lan.Veth(lan.Container(), "eth0")
	ns := link.NS.Open()
	for _, way := range []struct {
		name string
		open func() *Conn
	}{
		{"library", func() *Conn { c := NewConn(ns); silence(c); return c }},
		{"request", func() *Conn { return NewConn(ns) }},
	} {
		visit := func(prev *Spec) (done Applied) {
			fresh := make(chan error) // a stack that has not grown
			go func() {
				c := way.open()
				defer c.Close()
				err := c.Check(link.Index, link.MAC)
				if err == nil {
					done, err = c.Apply(lease(link, first), prev)
				}
				fresh <- err
			}()
			if err := <-fresh; err != nil {
				b.Error(err)
			}
			return done
		}
		b.Run("start/"+way.name, func(b *testing.B) {
			for b.Loop() {
				done := visit(nil)
				b.StopTimer()
				if err := remove(link, done.Spec); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
		prev := visit(nil).Spec
		b.Run("renewal/"+way.name, func(b *testing.B) {
			for b.Loop() {
				visit(&prev)
			}
		})
		if err := remove(link, prev); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecline is the part of IPv6 in a start without IPv6, each time in another
// container.
func BenchmarkDecline(b *testing.B) {
	lan := testlan.New(b)
	var all []*netns.NS
	for range 50 {
		all = append(all, lan.Veth(lan.Container(), "eth0").NS.Open())
	}
	for i := 0; b.Loop(); i++ {
		if err := SetAutoconf(all[i%len(all)], Autoconf{Interface: "eth0"}); err != nil {
			b.Fatal(err)
		}
	}
}
