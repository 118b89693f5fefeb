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

// ErrNotReply says that a datagram is not a DHCPv6 server's message to a client, or has
// a type on which a client does not act.
var ErrNotReply = errors.New("not a DHCPv6 server's ADVERTISE or REPLY")

// Parse reads a UDP payload that came from a server, for the client id. It fails with
// ErrNotReply, or if the status is cut off. A malformed option is ignored and the others
// stay. Reply shares no memory with b.
//
// Parse reads the options itself. The library refuses the whole message for one
// malformed option, even one that the client did not request, and it descends into
// nested options without a bound.
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

// head reads the client, the server and the status.
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
	// Compression is understood, although §10 forbids it.
	r.Search = dnsname.List(o.first(optSearch), MaxSearch)
}

// association reads the first IA_NA that has our IAID and readable options.
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
		// The text of a refusal may be with the IA, while the message itself says
		// Success.
		if r.IAStatus != Success && (r.Status == Success || r.StatusText == "") {
			r.StatusText = text
		}
		for _, a := range inner[optIAAddr] {
			r.address(a)
		}
		return
	}
}

// address appends an IA address of the wire. It leaves out an address that a host cannot
// have or that is there already, and stops when there is no more room.
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

// status returns the scope's own status option; Success if there is none (§21.13).
func (o options) status() (Status, string) {
	v := o.first(optStatus)
	if v == nil {
		return Success, ""
	}
	return Status(binary.BigEndian.Uint16(v)), dnsname.Printable(string(v[2:]))
}

// maxRT applies the bounds of options 82 and 83: values beyond them MUST be ignored
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
