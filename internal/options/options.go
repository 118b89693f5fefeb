// SPDX-License-Identifier: Apache-2.0

// Package options knows the options of a network and of a container on it: the keys that
// users type after podman network create -o, in a network's labels, after podman run
// --network NAME: and in the hook's annotations. One table has the allowed values; error
// messages and docs are made from it.
package options

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Prefix precedes a key in labels and annotations.
const Prefix = "io.leased."

// Options are validated options. The zero value is not valid; Parse makes them.
type Options struct {
	Bridge, Parent string     // the host interface; exactly one is set once resolved
	Mode           string     // of a macvlan: bridge, private, vepa, passthru
	Isolate        bool       // bridge port isolation
	VLAN           int        // of a bridge port or parent; 0: none
	Guard          bool       // of a bridge port: no server's, router's or other host's frames
	MTU            int        // 0: the server's, else the host interface's
	Shim           netip.Addr // the address of the host's macvlan on the parent; invalid: none, or with ShimDHCP a lease's
	ShimDHCP       bool

	MAC      net.HardwareAddr // nil: derived
	MACFrom  string           // stable or random, where MAC is nil
	ClientID string           // mac, duid, none, or a value for ClientIDOption
	DUID     string           // container or host: whose it is
	Hostname string           // auto, none, or a name
	FQDN     bool

	VendorClass, UserClass string

	RequestIP netip.Addr
	RequireIP bool

	Servers []netip.Prefix // allowed DHCP servers; nil: all
	Routers []netip.Prefix // allowed routers; nil: all

	DNS     string       // dhcp, none or list
	DNSList []netip.Addr // with list

	Metric         int
	NoDefaultRoute bool
	Routes         string // dhcp or none; if not given, none with NoDefaultRoute

	LeaseTimeout  time.Duration
	OnTimeout     string // fail or continue
	ConflictCheck string // quick, rfc5227 or off
	Release       string // now, never, or a time; see Grace
	RapidCommit   bool
	IPv6Mostly    bool // asks for option 108 (RFC 8925)

	IPv6        string        // off, auto, slaac, dhcp or only
	IPv6Timeout time.Duration // how long a start that has IPv4 waits for IPv6
	RequestIPv6 netip.Addr    // Podman's ip6=
	RARoutes    bool          // takes routes from router advertisements (RFC 4191)

	Limited []Limited // what Per has taken back, for the log
}

// Parse reads options given as key and value. Later maps override earlier ones. The
// error names the key and the allowed values.
func Parse(layers ...map[string]string) (Options, error) {
	o, err := merge(layers...)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return Options{}, err
	}
	return o, nil
}

func merge(layers ...map[string]string) (Options, error) {
	o := defaults()
	for _, layer := range layers {
		for _, name := range slices.Sorted(maps.Keys(layer)) {
			if err := o.set(name, layer[name]); err != nil {
				return Options{}, err
			}
		}
	}
	o.settleRoutes()
	return o, nil
}

// check refuses options that exclude each other.
func (o Options) check() error {
	if o.Bridge != "" && o.Parent != "" {
		return fmt.Errorf("options bridge=%s and parent=%s exclude each other; give one", o.Bridge, o.Parent)
	}
	if o.Release == "never" && o.Passing() {
		return errors.New("options mac=random and release=never exclude each other: no container could come back for the lease; " +
			"give one, or client_id")
	}
	return o.checkShim()
}

// ShimText is the option shim as users type it; empty: there is none.
func (o Options) ShimText() string {
	switch {
	case o.ShimDHCP:
		return "dhcp"
	case o.Shim.IsValid():
		return o.Shim.String()
	}
	return ""
}

// checkShim refuses a shim that would reach nobody.
func (o Options) checkShim() error {
	shim := o.ShimText()
	switch {
	case shim == "":
	case o.Bridge != "":
		return fmt.Errorf("option shim=%s works only on a parent: on the bridge %s, host and containers reach each other without it; leave it out", shim, o.Bridge)
	case o.Mode != "bridge":
		return fmt.Errorf("options mode=%s and shim=%s exclude each other: only with mode=bridge do the macvlans of a host reach each other; leave one out", o.Mode, shim)
	case o.VLAN != 0:
		return fmt.Errorf("options vlan=%d and shim=%s exclude each other; make a VLAN device and name it as parent", o.VLAN, shim)
	}
	return nil
}

// Passing reports whether the next container cannot be the same client to the DHCP server:
// it has another MAC and no client identifier of its own.
func (o Options) Passing() bool {
	return o.MAC == nil && o.MACFrom == "random" && (o.ClientID == "mac" || o.ClientID == "none")
}

// Per is Parse for a container on a network. The container's own options must not select
// where to attach, and must not allow what the network does not: a longer wait, another server.
// Such a value is limited to the network's.
func Per(network, container map[string]string) (Options, error) {
	for _, name := range slices.Sorted(maps.Keys(container)) {
		if k := find(name); k != nil && k.network {
			return Options{}, fmt.Errorf("option %s belongs to the network; set it with: podman network create -o %s=…", name, name)
		}
	}
	o, err := Parse(network, container)
	if err != nil || len(container) == 0 {
		return o, err
	}
	of, err := merge(network)
	o.limit(of)
	return o, err
}

// settleRoutes has no_default_route leave out all routes: a server can send the default route
// in two halves.
func (o *Options) settleRoutes() {
	switch {
	case o.Routes == "" && o.NoDefaultRoute:
		o.Routes = "none"
	case o.Routes == "":
		o.Routes = "dhcp"
	}
}

// FromPrefixed returns the options among labels or annotations: those that begin with
// Prefix, without it.
func FromPrefixed(m map[string]string) map[string]string {
	picked := map[string]string{}
	for name, value := range m {
		if key, ok := strings.CutPrefix(name, Prefix); ok {
			picked[key] = value
		}
	}
	return picked
}

func (o *Options) set(name, value string) error {
	k := find(name)
	if k == nil {
		return fmt.Errorf("unknown option %s=%s; allowed: %s", name, value, strings.Join(names(), ", "))
	}
	if len(value) > maxValue || strings.ContainsFunc(value, isControl) {
		return fmt.Errorf("option %s: the value is longer than %d bytes or contains control characters", name, maxValue)
	}
	if err := k.parse(o, value); err != nil {
		return fmt.Errorf("option %s=%s: %w; allowed: %s", name, value, err, k.values)
	}
	return nil
}

// maxValue bounds a value to the size of one DHCP option (RFC 2132 §2).
const maxValue = 255

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// Host returns the host interface to attach to, empty if none is named.
func (o Options) Host() string {
	if o.Bridge != "" {
		return o.Bridge
	}
	return o.Parent
}
