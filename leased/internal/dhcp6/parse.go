// SPDX-License-Identifier: Apache-2.0

package dhcp6

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"podman-net-dhcp/leased/internal/dnsname"
)

// ErrNotReply says that a datagram is no DHCPv6 server's message to a client, or of a
// type that a client does not act on.
var ErrNotReply = errors.New("not a DHCPv6 server's ADVERTISE or REPLY")

// Parse reads a UDP payload that came from a server, for whom id is. It fails with
// ErrNotReply, or where the options cannot be told apart; an option that is malformed
// in itself is ignored and the rest stands. Reply shares no memory with b.
//
// The options are read here and not by the library: it refuses the whole message for
// one malformed option, even one that nobody asked for, and reads what it finds
// inside of options as deep as it goes.
func Parse(b []byte, id Identity) (Reply, error) {
	if len(b) < headerLen {
		return Reply{}, ErrNotReply
	}
	r := Reply{Type: Type(b[0]), XID: binary.BigEndian.Uint32(b) & 0xffffff}
	if r.Type != Advertise && r.Type != ReplyType {
		return Reply{}, fmt.Errorf("%w but %s", ErrNotReply, r.Type)
	}
	opts, err := collect(b[headerLen:])
	if err != nil {
		return Reply{}, fmt.Errorf("read options of %s: %w", r.Type, err)
	}
	r.head(opts)
	r.times(opts)
	r.names(opts)
	r.association(opts, id.IAID)
	return r, nil
}

// head reads who says it to whom, and how it went.
func (r *Reply) head(o options) {
	r.Client = slices.Clone(o.first(optClientID))
	r.Server = slices.Clone(o.first(optServerID))
	if v := o.first(optPreference); v != nil {
		r.Preference = v[0]
	}
	r.Status, r.StatusText = o.status()
	r.RapidCommit = o.has(optRapidCommit)
}

func (r *Reply) times(o options) {
	r.SolMaxRT = maxRT(o.u32(optSolMaxRT))
	r.InfMaxRT = maxRT(o.u32(optInfMaxRT))
	r.Refresh, r.HasRefresh = o.u32(optRefresh), o.has(optRefresh)
}

func (r *Reply) names(o options) {
	for v := range slices.Chunk(o.first(optDNS), addrLen) {
		if a := addr(v); unicast(a) && len(r.DNS) < MaxDNS && !slices.Contains(r.DNS, a) {
			r.DNS = append(r.DNS, a)
		}
	}
	// Compression, which §10 forbids, is understood; what is malformed is ignored as a whole.
	r.Search, _ = dnsname.List(o.first(optSearch), MaxSearch)
}

// association reads the first IA_NA that has our IAID and options that can be told apart.
func (r *Reply) association(o options, iaid uint32) {
	for _, v := range o[optIANA] {
		if binary.BigEndian.Uint32(v) != iaid {
			continue
		}
		inner, err := collect(v[iaLen:])
		if err != nil {
			continue
		}
		r.HasIA = true
		r.T1, r.T2 = binary.BigEndian.Uint32(v[4:]), binary.BigEndian.Uint32(v[8:])
		var text string
		r.IAStatus, text = inner.status()
		// Whoever refuses says why; the message itself may be a Success all the same.
		if r.IAStatus != Success && (r.Status == Success || r.StatusText == "") {
			r.StatusText = text
		}
		for _, a := range inner[optIAAddr] {
			r.address(a)
		}
		return
	}
}

// address appends an IA address of the wire, unless a host cannot have it, it is
// there already or there is no more room.
func (r *Reply) address(v []byte) {
	a := Address{
		Addr:      addr(v[:addrLen]),
		Preferred: binary.BigEndian.Uint32(v[addrLen:]),
		Valid:     binary.BigEndian.Uint32(v[addrLen+4:]),
	}
	taken := slices.ContainsFunc(r.Addrs, func(b Address) bool { return b.Addr == a.Addr })
	if len(r.Addrs) >= MaxAddrs || taken || !unicast(a.Addr) {
		return
	}
	inner, err := collect(v[iaAddrLen:])
	if err != nil {
		return
	}
	a.Status, _ = inner.status()
	r.Addrs = append(r.Addrs, a)
}

// status is the scope's own status option; Success where there is none (§21.13).
func (o options) status() (Status, string) {
	v := o.first(optStatus)
	if v == nil {
		return Success, ""
	}
	return Status(binary.BigEndian.Uint16(v)), dnsname.Printable(string(v[2:]))
}

// maxRT applies the bounds of options 82 and 83: what is beyond them MUST be ignored
// (§21.24, §21.25).
func maxRT(secs uint32) uint32 {
	if secs < 60 || secs > 86400 {
		return 0
	}
	return secs
}

func addr(v []byte) netip.Addr { return netip.AddrFrom16([addrLen]byte(v)) }

// unicast reports whether a is an IPv6 address that a host can have beyond its link: a
// global or a unique local one (RFC 4291 §2.4, RFC 4193).
func unicast(a netip.Addr) bool {
	return !a.Is4In6() && a.IsGlobalUnicast()
}
