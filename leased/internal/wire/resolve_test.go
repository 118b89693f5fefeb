// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// A link without an address finds the router, whichever MAC it has by now, and nobody where
// nobody is. What it sends then is IPv4, as before.
func TestResolve(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	ns := link.NS.Open()
	defer ns.Close()
	const other = "02:00:5e:00:53:99"
	lan.Router.Run("ip", "link", "set", testlan.RouterLink, "address", other)
	from := netip.MustParseAddr("192.0.2.77")
	for addr, want := range map[netip.Addr]string{testlan.RouterAddr: other, from.Next(): ""} {
		p, err := Open(ns, link.Index, link.MAC)
		must(t, err)
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		mac, err := p.Resolve(ctx, from, addr)
		cancel()
		if mac.String() != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s has %s, %v", addr, mac, err)
		}
		must(t, p.SendTo([]byte("payload"), from, testlan.RouterAddr, mac))
		p.Close()
	}
	if seen := lan.Router.Run("ip", "neigh", "show", "192.0.2.77"); !strings.Contains(seen, link.MAC.String()) {
		t.Errorf("the router knows %q", seen)
	}
}
