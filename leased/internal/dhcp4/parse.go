// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	v4 "github.com/insomniacslk/dhcp/dhcpv4"

	"podman-net-dhcp/leased/internal/dnsname"
)

// ErrNotReply says that a datagram is not a DHCP server's message, or has a type on which a client
// does not act. Hardware type and length are not looked at: servers send 0, and chaddr says whose
// the message is.
var ErrNotReply = errors.New("not a DHCP server's OFFER, ACK or NAK")

// Parse reads a UDP payload that came from a server. It fails with ErrNotReply, or if
// the options cannot be told apart. A malformed option is ignored and the others stay.
// Reply shares no memory with b.
func Parse(b []byte) (Reply, error) {
	if len(b) < headerLen {
		return Reply{}, ErrNotReply
	}
	// The library reads only the header. It would refuse a message without END, and lose
	// the bytes of file and sname after the first NUL.
	header := append(slices.Clone(b[:headerLen]), optEnd)
	header[hlenOff] = macLen // it would cut chaddr to another length
	p, err := v4.FromBytes(header)
	if err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrNotReply, err)
	}
	if p.OpCode != v4.OpcodeBootReply {
		return Reply{}, ErrNotReply
	}
	o, err := collect(b)
	if err != nil {
		return Reply{}, err
	}
	p.Options = o.all
	return reply(p, o)
}

func reply(p *v4.DHCPv4, o options) (Reply, error) {
	r := Reply{
		Type:     Type(p.MessageType()),
		XID:      binary.BigEndian.Uint32(p.TransactionID[:]),
		MAC:      p.ClientHWAddr,
		Your:     addr(p.YourIPAddr),
		Server:   addr(p.ServerIdentifier()),
		ClientID: p.Options[optClientID],
		Text:     dnsname.Printable(string(p.Options[optText])),
	}
	switch r.Type {
	case Offer, Ack:
		r.header(p)
		r.times(o.all)
		r.network(o)
		r.names(o)
		r.RapidCommit = p.Options.Has(v4.OptionRapidCommit)
	case Nak: // table 3 of RFC 2131: a NAK gives nothing
	default:
		return Reply{}, ErrNotReply
	}
	return r, nil
}

// header reads what servers leave to the fixed fields. An ACK to a client that has given its address
// may have it in ciaddr alone, as a BOOTREPLY does (RFC 951 §7.3; dhcpcd). A relay is not the server
// that it speaks for; siaddr most likely is.
func (r *Reply) header(p *v4.DHCPv4) {
	if !r.Your.IsValid() && r.Type == Ack {
		r.Your = addr(p.ClientIPAddr)
	}
	if !r.Server.IsValid() && addr(p.GatewayIPAddr).IsValid() {
		r.Server = addr(p.ServerIPAddr)
	}
}

func (r *Reply) times(o v4.Options) {
	r.LeaseTime, r.HasLeaseTime = u32(o[optLeaseTime])
	r.T1, r.HasT1 = u32(o[optT1])
	r.T2, r.HasT2 = u32(o[optT2])
	r.V6OnlyWait, r.HasV6OnlyWait = u32(o[optV6Only])
}

func (r *Reply) network(o options) {
	r.Mask = maskLen(o.all[optMask])
	r.Routes = routes(o, r.Your)
	for _, a := range o.addrs(optDNS, 1) {
		if Unicast(a) && len(r.DNS) < MaxDNS && !slices.Contains(r.DNS, a) {
			r.DNS = append(r.DNS, a)
		}
	}
	if v := o.all[optMTU]; v != nil {
		r.MTU = mtu(int(binary.BigEndian.Uint16(v)))
	}
}

func (r *Reply) names(o options) {
	for _, v := range o.lists(optSearch, dnsname.Whole) {
		for _, name := range dnsname.List(v, MaxSearch-len(r.Search)) {
			if !slices.Contains(r.Search, name) {
				r.Search = append(r.Search, name)
			}
		}
	}
	all := dnsname.Words(string(o.all[optDomain]), MaxSearch)
	if len(all) > 0 {
		r.Domain = all[0]
	}
	if len(all) > 1 && r.Search == nil { // as AWS has it, for want of option 119
		r.Search = all
	}
}

// u32 reads a time option; collect has made sure that it is absent or 4 bytes long.
func u32(v []byte) (uint32, bool) {
	if v == nil {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// maskLen tells a wrong mask from a missing one: if a server says ff00ff00, we cannot
// guess its meaning; if it says nothing, or 0.0.0.0, it may mean the mask of the class.
func maskLen(v []byte) int {
	if v == nil || binary.BigEndian.Uint32(v) == 0 {
		return NoMask
	}
	if ones, bits := net.IPMask(v).Size(); bits == 32 {
		return ones
	}
	return BadMask
}

// mtu applies the lower bounds: a value below 68 is not an MTU (RFC 2132 §5.1), and
// below MinMTU a container could not even receive a whole DHCP message.
func mtu(v int) int {
	if v < 68 {
		return 0
	}
	return max(v, MinMTU)
}

// addr turns the library's address into ours; 0.0.0.0 is none.
func addr(ip net.IP) netip.Addr {
	a, ok := netip.AddrFromSlice(ip.To4())
	if !ok || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

// Unicast reports whether a is an IPv4 address that one host on a network can have: not
// in 0/8, loopback, multicast or broadcast. 240/4 is reserved (RFC 1112 §4), and in use: by
// Ubuntu's fan networks, for one.
func Unicast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	first := a.As4()[0]
	return first != 0 && first != 127 && (first < 224 || first >= 240) && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
