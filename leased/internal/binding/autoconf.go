// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strconv"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// ErrNoIPv6 says that the kernel, the namespace or the interface has no IPv6, and which
// of them.
var ErrNoIPv6 = errors.New("no IPv6")

// Autoconf says what the kernel does with router advertisements on one interface.
type Autoconf struct {
	Interface string
	// Accept makes the kernel accept router advertisements, and solicit them. Without it
	// the other fields say nothing, and the interface keeps its link-local address.
	Accept bool
	// Addresses makes the kernel form addresses from the advertised prefixes (SLAAC, RFC
	// 4862). They are in use at once if the advertisement has the router's link-layer
	// address (RFC 4429 §3.3).
	Addresses      bool
	NoDefaultRoute bool
	Routes         bool // takes advertised routes, too (RFC 4191)
	Metric         int  // of the default route; 0 is the kernel's 1024, as it is before Linux 5.12
	// Secret makes the interface identifiers stable and opaque (RFC 7217). If it is
	// zero, the kernel derives them from the MAC. Two interfaces on a link must not
	// share a secret: the kernel mixes in the prefix and its DAD counter, but no name,
	// and only a permanent MAC, which veth and macvlan do not have.
	Secret [16]byte
}

// SetAutoconf sets the interface in ns. If this changes a setting and Accept is set, the
// kernel restarts IPv6 there: the link-local address is a new one, optimistic (RFC 4429:
// in use at once, while DAD runs), and all other IPv6 addresses and routes of the
// interface are gone. Errors are ErrNoIPv6, with nothing changed, ErrGone and the
// system's own. Without Accept, an interface that is gone looks like ErrNoIPv6 too.
func SetAutoconf(ns *netns.NS, a Autoconf) error {
	return ns.Sysctl(func(dir string) error { return a.set(dir + "/net/ipv6/conf") })
}

func (a Autoconf) set(conf string) error {
	dir := filepath.Join(conf, a.Interface)
	if !a.Accept {
		return a.decline(dir)
	}
	if err := hasIPv6(conf, a.Interface); err != nil {
		return err
	}
	changed := false
	for _, s := range a.settings() {
		did, err := s.put(dir)
		if err != nil {
			return a.failed(err)
		}
		changed = changed || did
	}
	if !changed {
		return nil // what runs is not disturbed
	}
	return a.restart(dir)
}

// restart makes the kernel restart IPv6 on the interface.
func (a Autoconf) restart(dir string) error {
	for _, value := range []string{"1", "0"} {
		if _, err := (setting{name: "disable_ipv6", value: value}).put(dir); err != nil {
			return a.failed(err)
		}
	}
	return nil
}

// decline runs for every container without IPv6, so it does not first ask whether there
// is IPv6. A router may have been heard since the link came up, if the kernel listened.
func (a Autoconf) decline(dir string) error {
	listened := true
	if have, err := read(dir+"/accept_ra", make([]byte, 16)); err == nil {
		listened = string(bytes.TrimSpace(have)) != "0"
	}
	for _, name := range []string{"accept_ra", "autoconf"} {
		err := write(dir+"/"+name, "0")
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s has no IPv6 settings", ErrNoIPv6, a.Interface)
		}
		if err != nil {
			return a.failed(err)
		}
	}
	if !listened || !a.advertised() {
		return nil
	}
	return a.restart(dir)
}

func (a Autoconf) failed(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrGone, err)
	}
	return fmt.Errorf("configure IPv6 of %s: %w", a.Interface, err)
}

// hasIPv6 returns nil if the interface has IPv6.
func hasIPv6(conf, ifname string) error {
	for _, name := range []string{"all", ifname} {
		off, err := read(filepath.Join(conf, name, "disable_ipv6"), make([]byte, 16))
		switch {
		case err == nil && string(bytes.TrimSpace(off)) != "0":
			return fmt.Errorf("%w: net.ipv6.conf.%s.disable_ipv6 is set", ErrNoIPv6, name)
		case err == nil:
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("look for IPv6: %w", err)
		case name == "all":
			return fmt.Errorf("%w: this kernel runs without it (no net.ipv6.conf)", ErrNoIPv6)
		default:
			return withoutSettings(ifname)
		}
	}
	return nil
}

// withoutSettings returns why an interface has no IPv6 settings: below IPv6's least MTU
// the kernel has none for it.
func withoutSettings(ifname string) error {
	c, err := rtnetlink.Open() // Go's net would list all interfaces
	if err != nil {
		return err
	}
	defer c.Close()
	i, err := c.LinkByName(ifname)
	if err != nil {
		return fmt.Errorf("interface %s: %w", ifname, ErrGone)
	}
	return fmt.Errorf("%w: %s has an MTU of %d, less than 1280", ErrNoIPv6, ifname, i.MTU)
}

// setting is one file of an interface's directory.
type setting struct {
	name, value string
	optional    bool // a kernel may be older than it, or built without it
}

// settings returns the files in the order to write them.
func (a Autoconf) settings() []setting {
	all := []setting{
		// With 1, a namespace that forwards takes no advertisement, and loses its default route. A
		// runtime writes --sysctl after netavark's setup, and a VPN's program later. Where nothing
		// forwards, 2 is as good as 1.
		{name: "accept_ra", value: "2"},
		{name: "autoconf", value: onOff(a.Addresses)},
		{name: "accept_ra_defrtr", value: onOff(!a.NoDefaultRoute)},
		{name: "use_tempaddr", value: "0", optional: true},
		{name: "optimistic_dad", value: "1", optional: true},
		{name: "use_optimistic", value: "1", optional: true},
	}
	if a.Routes {
		all = append(all, setting{name: maxRoute, value: longestRoute, optional: true})
	}
	if a.Metric > 0 {
		all = append(all, setting{name: "ra_defrtr_metric", value: strconv.Itoa(a.Metric), optional: true})
	}
	if a.Secret != [16]byte{} { // with it goes addr_gen_mode=2
		secret := netip.AddrFrom16(a.Secret).StringExpanded()
		all = append(all, setting{name: "stable_secret", value: secret, optional: true})
	}
	return all
}

// A kernel may be built without CONFIG_IPV6_ROUTE_INFO, and then without this setting. Thread's
// networks are /64.
const maxRoute, longestRoute = "accept_ra_rt_info_max_plen", "64"

func onOff(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// put writes the setting if its value differs.
func (s setting) put(dir string) (changed bool, err error) {
	path := filepath.Join(dir, s.name)
	if have, err := read(path, make([]byte, 64)); err == nil && string(bytes.TrimSpace(have)) == s.value {
		return false, nil // a secret that was never set cannot be read
	}
	err = write(path, s.value)
	if s.optional && errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
