// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the LAN's server gives beside IPv4, as ranges of dnsmasq's.
const (
	slaac     = "--dhcp-range=2001:db8::,ra-only,64,10m"
	stateless = "--dhcp-range=2001:db8::,ra-stateless,64,10m"
	stateful  = "--dhcp-range=2001:db8::100,2001:db8::1ff,64,2m"
	both      = "--dhcp-range=2001:db8::100,2001:db8::1ff,slaac,64,2m"
)

// The prefix of the LAN, and what of it DHCPv6 servers give.
var (
	prefix6 = netip.MustParsePrefix("2001:db8::/64")
	pool6   = netip.MustParsePrefix("2001:db8::100/120")
)

// server6 is server for a router as well, with DNS in its RAs and over DHCPv6. A router
// that has just come up answers nobody before its own DAD is over.
func (s *scene) server6(args ...string) {
	s.Helper()
	eventually(s, 5*time.Second, "the router's DAD is over", func() bool {
		return must(s, "ip", "-n", "router", "-6", "address", "show", "dev", "lan0", "tentative") == ""
	})
	s.server(append([]string{
		"--enable-ra", "--dhcp-option=option6:dns-server,[2001:db8::53]", "--dhcp-option=option6:domain-search,v6.example",
	}, args...)...)
}

var (
	from6 = regexp.MustCompile(`^client MAC address: (\S+)`)
	log6  = regexp.MustCompile(`^DHCP(SOLICIT|REQUEST|CONFIRM|RENEW|REBIND|RELEASE|DECLINE|INFORMATION-REQUEST)\(`)
)

// asked6 are the DHCPv6 messages of a MAC that the LAN's server has heard, without
// repetitions.
func (s *scene) asked6(mac string) (all []string) {
	s.Helper()
	from := map[string]string{} // by transaction
	for _, line := range logLines(s)[s.mark:] {
		l := logLine.FindStringSubmatch(line)
		if l == nil {
			continue
		}
		if m := from6.FindStringSubmatch(l[2]); m != nil {
			from[l[1]] = m[1]
		} else if m := log6.FindStringSubmatch(l[2]); m != nil && from[l[1]] == mac {
			all = append(all, m[1])
		}
	}
	return slices.Compact(all)
}

// says6 checks that these are all the DHCPv6 messages of a MAC.
func (s *scene) says6(mac string, messages ...string) {
	s.Helper()
	heard(s, "DHCPv6 messages of "+mac, func() []string { return s.asked6(mac) }, messages)
}

// confirms6 checks that a MAC has had a lease, asked whether it still belongs here, and
// has done nothing since but renew it.
func (s *scene) confirms6(mac string) {
	s.Helper()
	heard(s, "DHCPv6 messages of "+mac+", but RENEW", func() []string {
		return slices.DeleteFunc(s.asked6(mac), func(m string) bool { return m == "RENEW" })
	}, []string{"SOLICIT", "REQUEST", "CONFIRM"})
}

func heard(s *scene, what string, now func() []string, want []string) {
	s.Helper()
	var got []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = now(); len(got) >= len(want) {
			break
		}
	}
	equal(s, what, strings.Join(got, " "), strings.Join(want, " "))
}

// kea6 is Kea with timers of seconds. It knows nothing of routers: see radvd.
var kea6 = kea6For("20", "30")

// kea6For is kea6 with these lifetimes, preferred and valid. A renewed lease has all of
// them again, not what is left of it (cache-threshold). An interface that is new gets its
// link-local address a second later, so Kea has to try (service-sockets).
func kea6For(preferred, valid string) other {
	config := `{"Dhcp6": {"lease-database": {"type": "memfile", "name": "DIR/leases"},
		"interfaces-config": {"interfaces": ["lan0"], "service-sockets-max-retries": 50, "service-sockets-retry-wait-time": 100},
		"renew-timer": 2, "rebind-timer": 4, "preferred-lifetime": PREFERRED, "valid-lifetime": VALID, "cache-threshold": 0.01,
		"expired-leases-processing": {"hold-reclaimed-time": 0},
		"subnet6": [{"id": 1, "subnet": "2001:db8::/64", "interface": "lan0", "pools": [{"pool": "2001:db8::100-2001:db8::109"}],
			"option-data": [{"name": "dns-servers", "data": "2001:db8::54"}, {"name": "domain-search", "data": "kea6.example"}]}],
		"loggers": [{"name": "kea-dhcp6", "severity": "INFO", "output_options": [{"output": "stdout"}]}]}}`
	return other{
		program: "kea-dhcp6", config: strings.NewReplacer("PREFERRED", preferred, "VALID", valid).Replace(config),
		args: []string{"-c", "DIR/config"}, table: kea6Table,
	}
}

// kea6Table reads address,duid,valid_lifetime,… : a lease that was given back has a
// lifetime of 0, and one that was declined a state that is not 0.
func kea6Table(r *running) []string {
	all := last{}
	for line := range strings.Lines(r.leases()) {
		if f := strings.Split(line, ","); len(f) > 13 && f[0] != "address" {
			all[f[0]] = f[2] != "0" && f[13] == "0"
		}
	}
	return all.addrs()
}

var keaHeard = regexp.MustCompile(`DHCP6_PACKET_RECEIVED .*: ([A-Z_]+) \(type \d+\) received`)

// asked are the messages that a Kea has heard, of anybody, without repetitions.
func (r *running) asked() (all []string) {
	for _, m := range keaHeard.FindAllStringSubmatch(r.says(), -1) {
		all = append(all, m[1])
	}
	return slices.Compact(all)
}

// hears checks that these are all the messages that a Kea has heard.
func (r *running) hears(messages ...string) {
	r.s.Helper()
	heard(r.s, r.unit+" has heard", r.asked, messages)
}

// In radvd's words, what a router says.
const (
	managed   = "AdvManagedFlag on; "     // M: there is a DHCPv6 server that gives addresses
	otherInfo = "AdvOtherConfigFlag on; " // O: there is one that gives other things
	onLink    = "prefix 2001:db8::/64 { AdvAutonomous off; }; "
	autoconf  = "prefix 2001:db8::/64 { AdvValidLifetime 600; AdvPreferredLifetime 300; }; "
	rdnss     = "RDNSS 2001:db8::53 { AdvRDNSSLifetime 60; }; DNSSL ra.example { AdvDNSSLLifetime 60; }; "
)

// radvd is a router that says these things, as often as RFC 4861 §6.2.1 allows. It answers
// at once who asks from an address, and all who have none together, every three seconds (§6.2.6).
func radvd(words ...string) other {
	return other{
		program: "radvd",
		config:  "interface lan0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; " + strings.Join(words, "") + "};\n",
		args:    []string{"-n", "-m", "stderr_clean", "-C", "DIR/config", "-p", "DIR/pid"},
	}
}

// router6 is where routers and DHCPv6 servers run.
var router6 = place{netns: "router"}

// becomes restarts it with other words. A router that ends says so first.
func (r *running) becomes(o other) {
	r.s.Helper()
	r.stop()
	r.o = o
	r.begin()
}

// in6 checks that an address is one of a prefix.
func in6(t testing.TB, what string, a netip.Prefix, of netip.Prefix) {
	t.Helper()
	if !of.Contains(a.Addr()) {
		t.Errorf("%s: %v is not in %v", what, a, of)
	}
}
