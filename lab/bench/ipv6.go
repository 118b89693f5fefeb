// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/netip"

	"podman-net-dhcp/lab/bench/report"
)

// The LAN's server as a router of IPv6 whose addresses come by SLAAC, and by DHCPv6.
var (
	bySLAAC = []string{"--enable-ra", "--dhcp-range=2001:db8::,ra-only,64,12h"}
	byDHCP6 = []string{"--enable-ra", "--dhcp-range=2001:db8::1:0,2001:db8::1:ffff,64,12h"}
)

const (
	ipv6Rounds  = 40
	firstRounds = 1 // of the whole wait for a router, which leased then knows of for a minute
)

// withIPv6 is our plugin's way with ipv6=mode, which ends with an address in each of
// the prefixes beside that of IPv4.
func withIPv6(name, mode string, rounds int, prefixes ...netip.Prefix) *way {
	w := ours(name, ipv6(mode))
	w.rounds, w.beside = rounds, prefixes
	return w
}

func ipv6(mode string) options {
	o := onMacvlan()
	o["ipv6"] = mode
	return o
}

// measureIPv6 measures what IPv6 adds, without a router of IPv6 on the LAN and with
// one. leased keeps what it knows of a LAN's routers while a container with IPv6 is
// there.
func measureIPv6(r *report.Report) error {
	first := withIPv6(report.IPv6First, "auto", firstRounds)
	result := first.result()
	if err := first.repeat(&result, fewer(firstRounds, r.Quick)); err != nil {
		return err
	}
	tell("IPv6", result)
	r.IPv6 = append(r.IPv6, result)
	for _, part := range []struct {
		router []string
		ways   []*way
	}{
		{nil, []*way{
			withIPv6(report.IPv6Off, "off", ipv6Rounds),
			withIPv6(report.IPv6Next, "auto", ipv6Rounds),
		}},
		{bySLAAC, []*way{withIPv6(report.IPv6SLAAC, "auto", ipv6Rounds, lanPrefix6)}},
		{byDHCP6, []*way{withIPv6(report.IPv6DHCP, "auto", slowRounds, lanPrefix6)}},
	} {
		if err := lanServer(part.router...); err != nil {
			return err
		}
		results, err := inCompany(part.ways, r.Quick)
		if err != nil {
			return err
		}
		r.IPv6 = append(r.IPv6, results...)
	}
	return lanForget()
}

// inCompany is inTurn with another container with IPv6 on the LAN.
func inCompany(ways []*way, quick bool) (results []report.Way, err error) {
	t, err := newTry("bench-company")
	if err != nil {
		return nil, err
	}
	o := ipv6("auto")
	defer func() { err = errors.Join(err, teardown(t.container, t.space, o), deleteSpaces(t.space)) }()
	if err := setup(t.container, t.space, o); err != nil {
		return nil, err
	}
	return inTurn("IPv6", ways, quick)
}
