// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// addrs6 are the global addresses of a netns of the LAN.
func addrs6(s *scene, netns string) []string {
	s.Helper()
	return mustJSON[[]link](s, "ip", "-n", netns, "-j", "-6", "address", "show", "dev", "lan0")[0].ipv6()
}

// dhcp6 has busybox's client get an address, and says which, and what DNS.
func (s *scene) dhcp6(netns string) string {
	s.Helper()
	script, got := filepath.Join(s.TempDir(), "script"), filepath.Join(s.TempDir(), "got")
	text := "#!/bin/sh\n[ $1 = bound ] || exit 0\nip address add $ipv6/128 dev $interface nodad\necho $ipv6 $dns $search >" + got + "\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		s.Fatal(err)
	}
	must(s, "nsenter", "--net=/run/netns/"+netns, "--", "busybox", "udhcpc6", "-i", "lan0", "-f", "-q", "-n", "-t", "3", "-T", "1", "-s", script)
	b, err := os.ReadFile(got)
	if err != nil {
		s.Fatal(err)
	}
	return string(b)
}

// The LAN itself, without anything of ours: each mode of its server, and radvd with
// Kea, give a plain host what they are meant to.
func TestIPv6LAN(t *testing.T) {
	const byDHCP, dns = "2001:0db8:0000:0000:0000:0000:0000:01", "2001:0db8:0000:0000:0000:0000:0000:00"
	for name, x := range map[string]struct {
		serve func(s *scene) (asked func() []string)
		slaac int // addresses
		dhcp  []string
	}{
		"slaac":     {dnsmasq6(slaac), 1, nil},
		"stateless": {dnsmasq6(stateless), 1, nil},
		"stateful":  {dnsmasq6(stateful), 0, []string{byDHCP, dns + "53 v6.example"}},
		"both":      {dnsmasq6(both), 1, []string{byDHCP, dns + "53 v6.example"}},
		"radvdkea":  {radvdKea6(managed, autoconf), 1, []string{byDHCP, dns + "54 kea6.example"}},
		"radvd":     {radvdKea6(managed, onLink), 0, []string{byDHCP}},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			asked := x.serve(s)
			host := s.secondServer()
			eventually(s, 8*time.Second, "the router's route", func() bool {
				routes := must(s, "ip", "-n", host, "-6", "route", "show", "default")
				return strings.Contains(routes, "via "+linkLocal(s, "router")+" ")
			})
			// The router may have spoken before the host's DAD was over: nothing reaches that host yet,
			// and dnsmasq, which asks it for its MAC, does not know whose SOLICIT it has heard.
			eventually(s, 3*time.Second, "addresses", func() bool {
				return linkLocal(s, host) != "" && len(addrs6(s, host)) == x.slaac
			})
			for _, a := range addrs6(s, host) {
				ping(s, strings.TrimSuffix(a, "/64"))
			}
			if x.dhcp != nil {
				contains(s, "busybox's lease", s.dhcp6(host), x.dhcp...)
				heard(s, "the server", asked, []string{"SOLICIT", "REQUEST"})
			}
		})
	}
}

func dnsmasq6(mode string) func(s *scene) func() []string {
	return func(s *scene) func() []string {
		s.Helper()
		s.server6(mode)
		return func() []string {
			return s.asked6(mustJSON[[]link](s, "ip", "-n", "second", "-j", "link", "show", "lan0")[0].Address)
		}
	}
}

func radvdKea6(words ...string) func(s *scene) func() []string {
	return func(s *scene) func() []string {
		s.Helper()
		s.start("radvd", radvd(words...), router6)
		return s.start("kea6", kea6, router6).asked
	}
}
