// SPDX-License-Identifier: Apache-2.0

package options

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// key is one option.
type key struct {
	name    string
	alias   string
	network bool   // selects where to attach, so only a network has it
	values  string // the allowed values, for the user; the default first
	parse   func(o *Options, value string) error
}

// defaultMetric is lower than netavark's: 100 of its bridges, 99 of its macvlans. So the LAN has
// the default route of a container that is also on a network of Podman's own, in whatever order
// the networks come.
const defaultMetric = 90

func defaults() Options {
	return Options{
		Mode: "bridge", Guard: true, MACFrom: "stable", ClientID: "mac", DUID: "container", Hostname: "auto", DNS: "dhcp",
		Metric: defaultMetric, LeaseTimeout: 10 * time.Second, OnTimeout: "fail", ConflictCheck: "quick", Release: "20s",
		IPv6: "off", IPv6Timeout: 2 * time.Second,
	}
}

var errValue = errors.New("not allowed")

// maxMetric is the highest metric less one, which the kernel keeps for itself. The int of a
// 32-bit machine ends at half of it.
const maxMetric = min(1<<32-2, math.MaxInt)

var keys = []key{
	{name: "bridge", network: true, values: "a bridge on this host", parse: hostInterface(func(o *Options) *string { return &o.Bridge })},
	{name: "parent", network: true, values: "a network interface of this host", parse: hostInterface(func(o *Options) *string { return &o.Parent })},
	{name: "mode", network: true, values: "bridge, private, vepa, passthru", parse: word(func(o *Options) *string { return &o.Mode }, "bridge", "private", "vepa", "passthru")},
	{name: "vlan", network: true, values: "1 to 4094", parse: number(func(o *Options) *int { return &o.VLAN }, 1, 4094)},
	{name: "isolate", network: true, values: "false, true", parse: boolean(func(o *Options) *bool { return &o.Isolate })},
	{name: "guard", network: true, values: "on, off", parse: parseGuard},
	{name: "shim", network: true, values: "an IPv4 address, dhcp", parse: parseShim},
	{name: "mtu", alias: "com.docker.network.driver.mtu", values: "576 to 65535", parse: number(func(o *Options) *int { return &o.MTU }, 576, 65535)},
	{name: "mac", values: "stable, random, or a unicast MAC", parse: parseMAC},
	{name: "client_id", values: "mac, duid, none, text, or hex as 01:02:… or 0x0102…", parse: parseClientID},
	{name: "duid", values: "container, host", parse: word(func(o *Options) *string { return &o.DUID }, "container", "host")},
	{name: "hostname", values: "auto, none, or a host name", parse: parseHostname},
	{name: "fqdn", values: "false, true", parse: boolean(func(o *Options) *bool { return &o.FQDN })},
	{name: "vendor_class", values: "text", parse: text(func(o *Options) *string { return &o.VendorClass })},
	{name: "user_class", values: "text", parse: text(func(o *Options) *string { return &o.UserClass })},
	{name: "request_ip", values: "an IPv4 address", parse: unicast4(func(o *Options) *netip.Addr { return &o.RequestIP })},
	{name: "ip_policy", values: "prefer, require", parse: parseIPPolicy},
	{name: "server", values: listed, parse: parseAllowed(func(o *Options) *[]netip.Prefix { return &o.Servers })},
	{name: "router", values: listed, parse: parseAllowed(func(o *Options) *[]netip.Prefix { return &o.Routers })},
	{name: "dns", values: "dhcp, none, or addresses separated by spaces", parse: parseDNS},
	{name: "metric", values: "0 to " + strconv.Itoa(maxMetric), parse: number(func(o *Options) *int { return &o.Metric }, 0, maxMetric)},
	{name: "routes", values: "dhcp, none", parse: word(func(o *Options) *string { return &o.Routes }, "dhcp", "none")},
	{name: "no_default_route", values: "false, true", parse: boolean(func(o *Options) *bool { return &o.NoDefaultRoute })},
	{name: "lease_timeout", values: "1s to 10m, such as 10s", parse: duration(func(o *Options) *time.Duration { return &o.LeaseTimeout }, time.Second, 10*time.Minute)},
	{name: "on_timeout", values: "fail, continue", parse: word(func(o *Options) *string { return &o.OnTimeout }, "fail", "continue")},
	{name: "conflict_check", values: "quick, rfc5227, off", parse: word(func(o *Options) *string { return &o.ConflictCheck }, "quick", "rfc5227", "off")},
	{name: "release", values: "a time from 1s to 24h such as 20s, now, never", parse: parseRelease},
	{name: "rapid_commit", values: "false, true", parse: boolean(func(o *Options) *bool { return &o.RapidCommit })},
	{name: "ipv6_mostly", values: "false, true", parse: boolean(func(o *Options) *bool { return &o.IPv6Mostly })},
	{name: "ipv6", values: "off, auto, slaac, dhcp, only", parse: word(func(o *Options) *string { return &o.IPv6 }, "off", "auto", "slaac", "dhcp", "only")},
	{name: "ra_routes", values: "false, true", parse: boolean(func(o *Options) *bool { return &o.RARoutes })},
	{name: "ipv6_timeout", values: "0s to 30s, such as 2s", parse: duration(func(o *Options) *time.Duration { return &o.IPv6Timeout }, 0, 30*time.Second)},
}

func find(name string) *key {
	for i := range keys {
		if name == keys[i].name || (name != "" && name == keys[i].alias) {
			return &keys[i]
		}
	}
	return nil
}

func names() []string {
	var n []string
	for _, k := range keys {
		n = append(n, k.name)
	}
	return n
}

func ignored(*Options) *string { return new(string) }

func word(field func(*Options) *string, allowed ...string) func(*Options, string) error {
	return func(o *Options, v string) error {
		if !slices.Contains(allowed, v) {
			return errValue
		}
		*field(o) = v
		return nil
	}
}

func text(field func(*Options) *string) func(*Options, string) error {
	return func(o *Options, v string) error { *field(o) = v; return nil }
}

func boolean(field func(*Options) *bool) func(*Options, string) error {
	return func(o *Options, v string) (err error) {
		if *field(o), err = strconv.ParseBool(v); err != nil {
			return errValue
		}
		return nil
	}
}

func number(field func(*Options) *int, low, high int) func(*Options, string) error {
	return func(o *Options, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < low || n > high {
			return errValue
		}
		*field(o) = n
		return nil
	}
}

func hostInterface(field func(*Options) *string) func(*Options, string) error {
	return func(o *Options, v string) error {
		if err := CheckHostInterface(v); err != nil {
			return err
		}
		*field(o) = v
		return nil
	}
}

// maxAltName is the most that an alternative name of an interface can have, in bytes (ALTIFNAMSIZ
// of linux/if.h, with its zero).
const maxAltName = 127

// CheckHostInterface is CheckInterfaceName for an interface that may be called by an alternative
// name (ip link property add dev eth0 altname …), which can be longer.
func CheckHostInterface(name string) error {
	if len(name) > maxAltName {
		return fmt.Errorf("an alternative name of an interface has at most %d bytes", maxAltName)
	}
	return checkName(name)
}

// CheckInterfaceName refuses names that the kernel refuses for an interface: longer than
// 15 bytes, empty, with a slash, a colon or a blank (dev_valid_name).
func CheckInterfaceName(name string) error {
	if len(name) > 15 {
		return errors.New("an interface name has at most 15 characters")
	}
	return checkName(name)
}

func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return errors.New("not an interface name")
	case strings.ContainsAny(name, "/: \t\n\v\f\r"):
		return errors.New("an interface name cannot contain a slash, a colon or white space")
	}
	return nil
}

func parseGuard(o *Options, v string) error {
	o.Guard = v == "on"
	return word(ignored, "on", "off")(o, v)
}

func parseMAC(o *Options, v string) error {
	if v == "stable" || v == "random" {
		o.MAC, o.MACFrom = nil, v
		return nil
	}
	mac, err := net.ParseMAC(v)
	if err != nil {
		return errValue
	}
	o.MAC = mac
	return CheckMAC(mac)
}

// CheckMAC refuses a MAC that no interface can have: not 6 bytes, all zero, multicast.
func CheckMAC(mac net.HardwareAddr) error {
	if len(mac) != 6 || mac[0]&1 != 0 || slices.Max(mac) == 0 {
		return errors.New("not a unicast Ethernet address")
	}
	return nil
}

func parseShim(o *Options, v string) error {
	if o.Shim, o.ShimDHCP = (netip.Addr{}), v == "dhcp"; o.ShimDHCP {
		return nil
	}
	return unicast4(func(o *Options) *netip.Addr { return &o.Shim })(o, v)
}

func unicast4(field func(*Options) *netip.Addr) func(*Options, string) error {
	return func(o *Options, v string) error {
		ip, err := netip.ParseAddr(v)
		if err != nil || !ip.Is4() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLoopback() {
			return errValue
		}
		*field(o) = ip
		return nil
	}
}

func parseIPPolicy(o *Options, v string) error {
	o.RequireIP = v == "require"
	return word(ignored, "prefer", "require")(o, v)
}

// listed are the values of server and router. maxAllowed bounds what each lease keeps of them.
const (
	listed     = "all, or up to 8 IPv4 addresses or subnets, separated by spaces"
	maxAllowed = 8
)

func parseAllowed(field func(*Options) *[]netip.Prefix) func(*Options, string) error {
	return func(o *Options, v string) error {
		*field(o) = nil
		if v == "all" {
			return nil
		}
		var all []netip.Prefix
		for _, f := range list(v) {
			p, err := netip.ParsePrefix(f)
			if a, alone := netip.ParseAddr(f); alone == nil {
				p, err = netip.PrefixFrom(a, a.BitLen()), nil
			}
			if err != nil || !p.Addr().Is4() || p != p.Masked() {
				return errValue
			}
			all = append(all, p)
		}
		if len(all) == 0 || len(all) > maxAllowed {
			return errValue
		}
		*field(o) = all
		return nil
	}
}

// list splits a value. podman run --network NAME:dns=… cannot carry a comma, but it can carry a
// blank.
func list(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' })
}

func parseDNS(o *Options, v string) error {
	o.DNS, o.DNSList = v, nil
	if v == "dhcp" || v == "none" {
		return nil
	}
	o.DNS = "list"
	for _, f := range list(v) {
		ip, err := netip.ParseAddr(f)
		if err != nil || ip.Zone() != "" {
			return errValue
		}
		o.DNSList = append(o.DNSList, ip)
	}
	if len(o.DNSList) == 0 {
		return errValue
	}
	return nil
}

// Bounds of the grace for which a lease is kept for a container that comes back.
const (
	minGrace = time.Second
	maxGrace = 24 * time.Hour
)

func parseRelease(o *Options, v string) error {
	o.Release = v
	_, _, err := Grace(v)
	return err
}

// Grace returns how long a lease is kept for a container that is gone. release is the
// option's value. never says that the lease is not given back at all.
func Grace(release string) (d time.Duration, never bool, err error) {
	switch release {
	case "now":
		return 0, false, nil
	case "never":
		return 0, true, nil
	}
	d, err = time.ParseDuration(release)
	if err != nil || d < minGrace || d > maxGrace {
		return 0, false, errValue
	}
	return d, false, nil
}

func duration(field func(*Options) *time.Duration, low, high time.Duration) func(*Options, string) error {
	return func(o *Options, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < low || d > high {
			return errValue
		}
		*field(o) = d
		return nil
	}
}
