// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// patient has a start wait for IPv6, which takes some seconds: two times that nobody
// else has the address (RFC 4862 §5.4), and a random time before the first RS.
const patient = "ipv6_timeout=20s"

// endpoint6 is the IPv6 half of how Podman sees an attachment.
type endpoint6 struct {
	GlobalIPv6Address      string
	GlobalIPv6PrefixLen    int
	IPv6Gateway            string
	SecondaryIPv6Addresses []struct{ Addr string }
}

func (c *container) endpoint6(network string) endpoint6 {
	c.s.Helper()
	type inspected struct {
		NetworkSettings struct{ Networks map[string]endpoint6 }
	}
	return mustJSON[[]inspected](c.s, "podman", "inspect", c.name)[0].NetworkSettings.Networks[network]
}

// reported checks that Podman was told of these addresses when the container started.
func (c *container) reported(network string, addrs map[string]netip.Prefix) {
	c.s.Helper()
	e := c.endpoint6(network)
	got := []string{fmt.Sprintf("%s/%d", e.GlobalIPv6Address, e.GlobalIPv6PrefixLen)}
	for _, a := range e.SecondaryIPv6Addresses {
		got = append(got, a.Addr)
	}
	var want []string
	for _, a := range addrs {
		if text := a.String(); text == got[0] {
			want = append(want, text)
		} else {
			want = append(want, a.Addr().String())
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	equal(c.s, "podman's addresses", got, want)
	equal(c.s, "podman's gateway", e.IPv6Gateway, linkLocal(c.s, "router"))
}

// ipv6 are the global IPv6 addresses of a link that it may use, deprecated or not.
func (l link) ipv6() (all []string) {
	for _, a := range l.AddrInfo {
		if a.Family == "inet6" && a.Scope == "global" && !a.Tentative {
			all = append(all, fmt.Sprintf("%s/%d", a.Local, a.PrefixLen))
		}
	}
	slices.Sort(all)
	return all
}

// local6 is the link-local address of a link; empty: it has none that it may use.
func (l link) local6() string {
	for _, a := range l.AddrInfo {
		if a.Family == "inet6" && a.Scope == "link" && !a.Tentative {
			return a.Local
		}
	}
	return ""
}

// linkLocal is the link-local address of lan0 in one of the LAN's netns.
func linkLocal(t testing.TB, netns string) string {
	t.Helper()
	return mustJSON[[]link](t, "ip", "-n", netns, "-j", "-6", "address", "show", "dev", "lan0")[0].local6()
}

// gateways6 are those of the container's default routes.
func (c *container) gateways6() (all []string) {
	c.s.Helper()
	for _, r := range mustJSON[[]route](c.s, "nsenter", in(c.pid(), "ip", "-j", "-6", "route", "show", "default")...) {
		all = append(all, r.Gateway)
	}
	return all
}

// lease6 is what leased has of the container's IPv6: of each source the address that
// is not deprecated, and all of them, sorted.
func (c *container) lease6() (st leaseapi.Status, preferred map[string]netip.Prefix, all []string) {
	c.s.Helper()
	preferred = map[string]netip.Prefix{}
	if st = leases(c.s)[c.link("eth0").Address]; st.Lease == nil {
		return st, preferred, nil
	}
	for _, a := range st.Lease.IPv6 {
		if all = append(all, a.Address.String()); !a.Deprecated {
			preferred[a.Source] = a.Address
		}
	}
	slices.Sort(all)
	return st, preferred, all
}

// has6 waits until the container has an address of each of these sources, slaac and
// dhcp, and no other. Then leased and the kernel agree, the LAN reaches the container
// by each address, and it has its way out by the router's link-local address.
func (c *container) has6(sources ...string) map[string]netip.Prefix {
	c.s.Helper()
	var preferred map[string]netip.Prefix
	var st leaseapi.Status
	var all []string
	eventually(c.s, 15*time.Second, c.name+" has IPv6 of "+strings.Join(sources, " and "), func() bool {
		st, preferred, all = c.lease6()
		return len(preferred) == len(sources) && !slices.ContainsFunc(sources, func(s string) bool { return !preferred[s].IsValid() }) &&
			slices.Equal(c.link("eth0").ipv6(), all)
	})
	for _, a := range preferred {
		ping(c.s, a.Addr().String())
	}
	if len(sources) > 0 {
		gateway := linkLocal(c.s, "router")
		equal(c.s, "the gateways", c.gateways6(), []string{gateway})
		equal(c.s, "leased's gateway", st.Lease.Gateway6.String(), gateway)
	}
	return preferred
}

// no6 checks that the container has no IPv6 beyond its link.
func (c *container) no6() {
	c.s.Helper()
	c.no6addresses()
	equal(c.s, c.name+"'s IPv6 gateways", c.gateways6(), nil)
}

func (c *container) no6addresses() {
	c.s.Helper()
	equal(c.s, c.name+"'s IPv6 addresses", c.link("eth0").ipv6(), nil)
	_, _, all := c.lease6()
	equal(c.s, "leased's IPv6 addresses of "+c.name, all, nil)
}
