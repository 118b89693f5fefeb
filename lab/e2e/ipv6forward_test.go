// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// Forwarding that the user switches on by --sysctl, or a program later, takes nothing away: the
// default route stays, and what routers say next counts.
func TestIPv6Forwarding(t *testing.T) {
	s := begin(t)
	s.server6(both)
	on := map[string]string{"nic": s.macvlan("ipv6=auto", patient)}
	for _, mode := range []string{"auto", "slaac", "dhcp", "only"} {
		on[mode] = s.bridge("ipv6="+mode, patient)
	}
	var all []*container
	for where, n := range on {
		all = append(all, s.run(where, "--network", n, "--sysctl", "net.ipv6.conf.all.forwarding=1"))
	}
	later := s.run("later", "--network", on["auto"])
	must(s, "nsenter", in(later.pid(), "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")...)
	h := s.hog()
	ra := prefixes6(0)[:16+32] // one prefix, of which each kernel that listens makes a route
	if _, err := h.conn.WriteTo(ra, h.all); err != nil {
		s.Fatal(err)
	}
	for _, c := range append(all, later) {
		routes := func() string { return must(s, "nsenter", in(c.pid(), "ip", "-6", "route")...) }
		contains(s, c.name+"'s routes", routes(), "default via")
		eventually(s, 5*time.Second, c.name+" hears routers", func() bool { return strings.Contains(routes(), "fd77:") })
	}
}
