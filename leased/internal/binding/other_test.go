// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

func TestOthers(t *testing.T) {
	lan, link := onVeth(t)
	front := lan.Veth(link.NS, "front")
	link.NS.Run("ip", "addr", "add", first.String(), "dev", "eth0")
	link.NS.Run("ip", "addr", "add", "10.1.1.1/24", "dev", "lo")
	for _, addr := range []string{"10.89.0.5/24", "10.89.1.5/16", "10.7.7.7/32", "10.9.9.1 peer 10.9.9.2/32"} {
		link.NS.Run(strings.Fields("ip addr add " + addr + " dev front")...)
	}
	link.NS.Run("ip", "-6", "addr", "add", "fd00::1/64", "dev", "front")
	c := on(t, link)
	got, err := c.Others(link.Index)
	must(t, err)
	p, a := netip.MustParsePrefix, netip.MustParseAddr
	want := []Other{
		{Addr: a("10.89.0.5"), Subnet: p("10.89.0.0/24"), Ifindex: front.Index},
		{Addr: a("10.89.1.5"), Subnet: p("10.89.0.0/16"), Ifindex: front.Index},
		{Addr: a("10.9.9.1"), Subnet: p("10.9.9.2/32"), Ifindex: front.Index},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, err = c.Others(front.Index); err != nil || !slices.Equal(got, []Other{{Addr: first.Addr(), Subnet: first.Masked(), Ifindex: link.Index}}) {
		t.Errorf("beside front: %v, %v", got, err)
	}
	wantAlone(t, c)
}

// The container decides how many addresses there are. The Conn is good for more afterwards.
func TestOthersAreBounded(t *testing.T) {
	lan, link := onVeth(t)
	front := lan.Veth(link.NS, "front")
	var batch strings.Builder
	for i := range 1300 {
		fmt.Fprintf(&batch, "addr add 10.%d.%d.1/24 dev %s\n", i/250, i%250, front.Name)
	}
	file := filepath.Join(t.TempDir(), "batch")
	must(t, os.WriteFile(file, []byte(batch.String()), 0o600))
	link.NS.Run("ip", "-batch", file)
	c := on(t, link)
	for range 3 {
		got, err := c.Others(link.Index)
		must(t, err)
		if len(got) == 0 || len(got) > maxOthers {
			t.Errorf("%d addresses", len(got))
		}
		must(t, c.Check(link.Index, link.MAC))
	}
	wantAlone(t, c)
}

func FuzzParseOther(f *testing.F) {
	f.Add([]byte{2, 24, 0, 0, 3, 0, 0, 0, 8, 0, 1, 0, 10, 0, 0, 1, 8, 0, 2, 0, 10, 0, 0, 2})
	f.Fuzz(func(t *testing.T, body []byte) {
		if o, ok := parseOther(body); ok && (!o.Addr.Is4() || o.Subnet != o.Subnet.Masked()) {
			t.Errorf("%+v of %v", o, body)
		}
	})
}

// A subnet that goes leaves the address and its routes, and a subnet comes back.
func TestAddressWithoutItsSubnet(t *testing.T) {
	_, link := onVeth(t)
	whole, alone := lease(link, first), lease(link, netip.PrefixFrom(first.Addr(), 32))
	prev := apply(t, link, whole, nil)
	prev = apply(t, link, alone, &prev)
	wantAddrs(t, link, alone.Addr)
	wantRoutes(t, link.NS, "default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.77 metric 100 onlink")
	if kernels := link.NS.Run("ip", "-4", "route", "show", "proto", "kernel"); strings.TrimSpace(kernels) != "" {
		t.Errorf("the kernel's routes are %s", kernels)
	}
	prev = apply(t, link, whole, &prev)
	wantAddrs(t, link, first)
	if got := routes(link.NS); len(got) != 1 || !strings.HasPrefix(got[0], "default via 192.0.2.1 dev eth0") {
		t.Errorf("routes %q", got)
	}
	must(t, remove(link, prev))
	wantAddrs(t, link)
	wantRoutes(t, link.NS)
}

func BenchmarkOthersOfOneInterface(b *testing.B) {
	lan := testlan.New(b)
	link := lan.Veth(lan.Container(), "eth0")
	link.NS.Run("ip", "addr", "add", first.String(), "dev", "eth0")
	c := NewConn(link.NS.Open())
	defer c.Close()
	for b.Loop() {
		if _, err := c.Others(link.Index); err != nil {
			b.Fatal(err)
		}
	}
}
