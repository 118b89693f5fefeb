// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

func TestMTU(t *testing.T) {
	lan, eth0 := onVeth(t)
	eth1 := lan.Macvlan(eth0.NS, "eth1")
	for link, refused := range map[*testlan.Link]int{&eth0: 70000, &eth1: 1501} { // of the parent's 1500
		s := lease(*link, first)
		s.MTU = 1400
		s = apply(t, *link, s, nil)
		wantMTU(t, *link, "1400")
		s.MTU = refused
		done, err := tryApply(*link, s, &s)
		must(t, err)
		if len(done.Problems) != 1 {
			t.Fatalf("problems %v", done.Problems)
		}
		wantError(t, done.Problems[0], unix.EINVAL)
		wantMTU(t, *link, "1400")
		s.MTU = 0
		apply(t, *link, s, &s)
		wantMTU(t, *link, "1400")
		must(t, remove(*link, s))
	}
}

func wantMTU(t *testing.T, link testlan.Link, want string) {
	t.Helper()
	if got := link.NS.Run("ip", "link", "show", link.Name); !strings.Contains(got, " mtu "+want+" ") {
		t.Errorf("want MTU %s: %s", want, got)
	}
}

// One route that makes no sense must not cost the others, nor the lease.
func TestRouteThatMakesNoSense(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Routes = append([]Route{{Dst: doc, Via: netip.MustParseAddr("192.0.2.255")}}, s.Routes...)
	done, err := tryApply(link, s, nil)
	must(t, err)
	if len(done.Problems) != 1 || !strings.Contains(done.Problems[0].Error(), doc.String()) {
		t.Errorf("problems %v", done.Problems)
	}
	wantRoutes(t, link.NS, fromFirst)
	must(t, remove(link, done.Spec))
	wantRoutes(t, link.NS)
}

func TestApplyToALinkThatIsDown(t *testing.T) {
	_, link := onVeth(t)
	link.Set("down")
	_, err := tryApply(link, lease(link, first), nil)
	wantError(t, err, ErrDown)
	link.Set("up")
	apply(t, link, lease(link, first), nil)
	wantRoutes(t, link.NS, fromFirst)
}

func TestApplyToALinkThatIsGone(t *testing.T) {
	_, link := onVeth(t)
	link.Delete()
	s := lease(link, first)
	s.MTU = 1400
	_, err := tryApply(link, s, nil)
	wantError(t, err, ErrGone)
}

func TestCheck(t *testing.T) {
	_, link := onVeth(t)
	check := func(mac net.HardwareAddr) (err error) {
		with(link, func(c *Conn) { err = c.Check(link.Index, mac) })
		return err
	}
	must(t, check(link.MAC))
	wantError(t, check(testlan.ServerMAC), ErrMAC)
	link.Set("down")
	wantError(t, check(link.MAC), ErrDown)
	link.Delete()
	wantError(t, check(link.MAC), ErrGone)
}

// A handle is open for as long as the caller wants, and for no longer.
func TestNothingStaysOpen(t *testing.T) {
	testlan.NoLeaks(t)
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	s := apply(t, link, lease(link, first), nil)
	must(t, remove(link, s))
}
