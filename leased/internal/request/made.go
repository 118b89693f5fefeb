// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/netip"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
)

// Made is how leased has made a link, beside what a Request says anyway: to make it again. The
// zero Made is a link that the caller has made.
type Made struct {
	Kind    Kind
	Isolate bool   // of a bridge port
	Shim    Shim   // by which the host reaches a macvlan
	MTU     uint32 // in bytes; 0: the host interface's
}

// Shim is the IPv4 address of the host's own macvlan on the parent, by which host and container
// reach each other, or ShimDHCP. The zero Shim is none.
type Shim [4]byte

// ShimDHCP is a shim whose address is that of a lease.
var ShimDHCP = Shim{255, 255, 255, 255}

// shimDHCP is its spelling.
const shimDHCP = "dhcp"

// ParseShim returns the shim of a spelling, and whether there is one.
func ParseShim(text string) (s Shim, ok bool) {
	if text == "" {
		return s, true
	}
	if text == shimDHCP {
		return ShimDHCP, true
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is4() {
		return s, false
	}
	return addr.As4(), true
}

// String spells s as the disk does. The zero Shim is empty.
func (s Shim) String() string {
	switch {
	case s == ShimDHCP:
		return shimDHCP
	case s == Shim{}:
		return ""
	}
	return s.Addr().String()
}

// Addr is the shim's address; invalid: there is no shim, or its address is that of a lease.
func (s Shim) Addr() (addr netip.Addr) {
	if s != (Shim{}) && s != ShimDHCP {
		addr = netip.AddrFrom4(s)
	}
	return addr
}

// Kind is the kind of a link that leased has made: a veth, or a macvlan in one of its modes.
type Kind uint8

// The kinds.
const (
	Veth Kind = iota + 1
	Bridge
	Private
	VEPA
	Passthru
)

// Their spellings on disk; a macvlan's are those of the option mode.
var kinds = []string{"", Veth: "veth", Bridge: "bridge", Private: "private", VEPA: "vepa", Passthru: "passthru"}

// String spells k as the disk does. The zero Kind is empty.
func (k Kind) String() string { return spelling(kinds, k) }

// ParseKind returns the kind with that spelling, and whether there is one.
func ParseKind(text string) (Kind, bool) {
	k := enum[Kind](kinds, text)
	return k, k.String() == text
}

func made(link attach.Link, o options.Options) Made {
	m := Made{Kind: Veth, Isolate: o.Isolate, MTU: uint32(o.MTU)}
	if !link.Bridge {
		m.Kind, _ = ParseKind(o.Mode)
		m.Shim, _ = ParseShim(o.ShimText())
	}
	return m
}

// IsMade reports whether leased has made the link, and so may make it again.
func (l Link) IsMade() bool { return l.Made.Kind != 0 }

// Remade is the link of the request, to make it again: on an interface that was brought up when it
// was made first. Nobody waits for it, and spanning tree lets the port forward when it will.
func (r Request) Remade() attach.Spec {
	s := wanted.Signs(leaseapi.Attachment(r.Attachment))
	s.Host, s.VLAN = attach.SplitLAN(r.Link.Host)
	s.MAC, s.Guard, s.Raise, s.Impatient = r.Link.MAC, r.Policy.Guard, true, true
	s.Isolate, s.MTU = r.Link.Made.Isolate, int(r.Link.Made.MTU)
	if r.Link.Made.Kind > Veth {
		s.Mode = r.Link.Made.Kind.String()
	}
	return s
}
