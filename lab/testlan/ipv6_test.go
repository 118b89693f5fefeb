// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// A kernel's SLAAC, and DHCPv6's first message.
func TestDnsmasqIsARouter(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		given       string
		slaac, dhcp bool
	}{
		"slaac":    {"2001:db8::,ra-only,64", true, false},
		"stateful": {"2001:db8::100,2001:db8::1ff,64,2m", false, true},
		"both":     {"2001:db8::100,2001:db8::1ff,slaac,64,2m", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := New(t)
			lan.IPv6()
			d := lan.Dnsmasq("--log-dhcp", "--enable-ra", "--dhcp-range="+x.given)
			c := lan.Container()
			c.Sysctl("net/ipv6/conf/default/accept_dad", "0")                   // takes seconds
			c.Sysctl("net/ipv6/conf/default/router_solicitation_interval", "1") // without DAD the first one comes too early
			link := lan.Veth(c, "eth0")
			Eventually(t, "a route by the router", func() bool { return link.ip("route", "show", "default") != "" })
			if global(link) != x.slaac {
				t.Errorf("addresses:\n%s", link.ip("address"))
			}
			if x.dhcp {
				link.solicit()
				d.WaitLog(t, "DHCPADVERTISE 2001:db8::1")
			}
			if x.slaac {
				c.Run("ping", "-c1", "-W2", RouterAddr6.String())
			}
		})
	}
}

func (link Link) ip(args ...string) string {
	link.NS.t.Helper()
	return link.NS.Run(append([]string{"ip", "-6"}, args...)...)
}

// global tells whether the link has an address of the subnet's.
func global(link Link) bool {
	for field := range strings.FieldsSeq(link.ip("-o", "address", "show", "dev", link.Name, "scope", "global")) {
		if p, err := netip.ParsePrefix(field); err == nil && Subnet6.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// solicit sends a SOLICIT. Its answer, to a port that is closed by then, is lost.
func (link Link) solicit() {
	link.NS.t.Helper()
	msg, err := dhcpv6.NewSolicit(link.MAC)
	must(link.NS.t, err)
	link.NS.Do(func() error {
		conn, err := net.ListenPacket("udp6", ":546")
		if err != nil {
			return err
		}
		servers := &net.UDPAddr{IP: dhcpv6.AllDHCPRelayAgentsAndServers, Port: dhcpv6.DefaultServerPort, Zone: link.Name}
		_, err = conn.WriteTo(msg.ToBytes(), servers)
		return errors.Join(err, conn.Close())
	})
}
