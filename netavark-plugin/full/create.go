// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"

	"github.com/containers/common/libnetwork/types" // which lives on under another import path

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netavark"
	"podman-net-dhcp/internal/options"
)

// create validates the network and completes it: which interface, attached how,
// and what Podman itself must leave alone.
func create(stdin io.Reader) (any, error) {
	var n types.Network
	if err := netavark.Read(stdin, &n); err != nil {
		return nil, err
	}
	if err := checkNetwork(n); err != nil {
		return nil, err
	}
	// Compose over the API socket drops a network's options and keeps its labels,
	// which netavark before 2 does not send to setup: so they become options.
	merged := options.FromPrefixed(n.Labels)
	maps.Copy(merged, n.Options)
	o, err := options.Parse(merged)
	if err != nil {
		return nil, err
	}
	if o.LeaseTimeout > options.MaxInPlugin {
		return nil, fmt.Errorf("option lease_timeout=%s: allowed: 1s to %s; Podman holds its network lock while a start waits", merged["lease_timeout"], options.MaxInPlugin)
	}
	on, err := hostInterface(n.NetworkInterface, o)
	if err != nil {
		return nil, err
	}
	if err := fits(on, o, merged); err != nil {
		return nil, err
	}
	if n.IPv6Enabled && merged["ipv6"] == "" {
		merged["ipv6"] = "auto"
	}
	if n.IPv6Enabled && merged["ipv6"] == "off" {
		return nil, errors.New("--ipv6 and the option ipv6=off exclude each other; give one")
	}
	if n.Internal && merged["routes"] == "dhcp" {
		return nil, netavark.ErrInternal
	}
	n.IPv6Enabled = merged["ipv6"] != "" && merged["ipv6"] != "off"
	delete(merged, "parent")
	delete(merged, "bridge")
	merged[on.Kind()] = on.Name()
	n.Options, n.NetworkInterface = merged, on.Name()
	n.DNSEnabled = false // the names are the LAN's; aardvark-dns knows none of them
	// Any other driver lets Podman's own IPAM hand out addresses beside the server.
	n.IPAMOptions = map[string]string{types.Driver: types.DHCPIPAMDriver}
	return n, nil
}

// checkNetwork refuses what Podman has options for and a DHCP server decides.
func checkNetwork(n types.Network) error {
	ipam := n.IPAMOptions[types.Driver]
	switch {
	case n.Name == "" || n.ID == "" || n.Driver == "":
		return errors.New("the network lacks name, id or driver")
	case len(n.Subnets) > 0:
		return errors.New("the DHCP server decides --subnet, --gateway and --ip-range; leave them out")
	case len(n.Routes) > 0:
		return errors.New("--route is not yet supported; let the DHCP server send routes (option 121)")
	case len(n.NetworkDNSServers) > 0:
		return errors.New("--dns on a network is for Podman's own resolver; use -o dns=ADDRESS")
	case ipam != "" && ipam != types.DHCPIPAMDriver:
		return fmt.Errorf("--ipam-driver %s does not go with a DHCP server; leave it out", ipam)
	}
	return nil
}

// fits refuses an option that says nothing for this kind of link.
func fits(on attach.Interface, o options.Options, given map[string]string) error {
	for option, kind := range map[string]string{"mode": "parent", "isolate": "bridge", "guard": "bridge", "shim": "parent"} {
		if value, ok := given[option]; ok && on.Kind() != kind {
			return fmt.Errorf("option %s=%s works only on a %s, but %s is a %s", option, value, kind, on.Name(), on.Kind())
		}
	}
	return on.Carries(o.VLAN)
}

// hostInterface finds what to attach to: as named, else where the default route
// leads.
func hostInterface(named string, o options.Options) (attach.Interface, error) {
	host, err := attach.OpenHost(nil)
	if err != nil {
		return attach.Interface{}, err
	}
	defer host.Close()
	name := o.Host()
	switch {
	case name == "" && named == "":
		return host.DefaultInterface()
	case name == "":
		name = named
	case named != "" && named != name:
		return attach.Interface{}, fmt.Errorf("--interface-name %s and the option %s name different interfaces; give one", named, name)
	}
	on, err := host.Find(name)
	switch {
	case err != nil:
		return on, err
	case o.Parent != "" && on.Bridge():
		return on, fmt.Errorf("%s is a bridge; use: -o bridge=%s", name, name)
	case o.Bridge != "" && !on.Bridge():
		return on, fmt.Errorf("%s is not a bridge; use: -o parent=%s", name, name)
	}
	return on, nil
}
