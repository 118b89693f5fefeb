// SPDX-License-Identifier: Apache-2.0

package dhcp6

import (
	"encoding/binary"
	"time"

	v6 "github.com/insomniacslk/dhcp/dhcpv6"

	"podman-net-dhcp/leased/internal/dnsname"
)

const (
	// maxElapsed is the largest value of option 8; it also stands for longer times
	// (§21.9).
	maxElapsed = 0xffff * 10 * time.Millisecond
	// maxClass is how much of a user class is sent, as much as DHCPv4 could.
	maxClass = 255
)

// Marshal returns the message as UDP payload. It has the options that §18.2 wants in a
// message of its type, always in the same order, and no option that §21 or appendix B
// forbids there. m decides about server, IA_NA and addresses. A DUID has 3 to MaxDUID
// bytes.
func (id Identity) Marshal(m Message) []byte {
	p := v6.Message{MessageType: v6.MessageType(m.Type), Options: v6.MessageOptions{Options: id.options(m)}}
	var xid [4]byte
	binary.BigEndian.PutUint32(xid[:], m.XID)
	copy(p.TransactionID[:], xid[1:])
	return p.ToBytes()
}

// options returns the options of m in the order of the wire: client and server first,
// then the requests. DUIDs are opaque (§11), so the library's types do not see them.
func (id Identity) options(m Message) v6.Options {
	var opts v6.Options
	if len(id.DUID) > 0 {
		opts.Add(raw(optClientID, id.DUID))
	}
	if len(m.Server) > 0 {
		opts.Add(raw(optServerID, m.Server))
	}
	if m.IA {
		opts.Add(id.association(m))
	}
	opts.Add(v6.OptElapsedTime(min(max(m.Elapsed, 0), maxElapsed)))
	if m.RapidCommit && m.Type == Solicit { // §21.14
		opts.Add(raw(optRapidCommit, nil))
	}
	if id.UserClass != "" { // in all: a server may choose by it which addresses are ours
		class := id.UserClass[:min(len(id.UserClass), maxClass)]
		opts.Add(&v6.OptUserClass{UserClasses: [][]byte{[]byte(class)}})
	}
	return append(opts, id.wishes(m.Type)...)
}

// association is the IA_NA. All times in it are 0: a server ignores them (§21.4, §21.6).
func (id Identity) association(m Message) v6.Option {
	ia := &v6.OptIANA{}
	binary.BigEndian.PutUint32(ia.IaId[:], id.IAID)
	for _, a := range m.Addrs {
		ia.Options.Add(&v6.OptIAAddress{IPv6Addr: a.AsSlice()})
	}
	return ia
}

// wishes returns the options of messages that ask for something. CONFIRM, DECLINE and
// RELEASE are answered by a status alone.
func (id Identity) wishes(t Type) v6.Options {
	ask := requested(t)
	if ask == nil {
		return nil
	}
	opts := v6.Options{v6.OptRequestedOption(ask...)}
	// A text that is not a domain name cannot be sent in this form. Option 39 itself is
	// not requested: the server's choice of a name does not matter to us (RFC 4704 §5).
	if t != InformationRequest && dnsname.Valid(id.Hostname) != "" {
		opts.Add(raw(optFQDN, fqdn(id.Hostname)))
	}
	return opts
}

// requested is option 6 in a message of type t. SOL_MAX_RT is a MUST in messages that a
// server may answer with it (§18.2.1, §18.2.2, §18.2.4). INF_MAX_RT and the refresh time
// belong in INFORMATION-REQUEST (§18.2.6), the latter in no other (§21.23).
func requested(t Type) []v6.OptionCode {
	switch t {
	case Solicit, Request, Renew, Rebind:
		return []v6.OptionCode{optDNS, optSearch, optSolMaxRT}
	case InformationRequest:
		return []v6.OptionCode{optDNS, optSearch, optRefresh, optInfMaxRT}
	}
	return nil
}

// fqdn is option 39: flag S (the server shall do the AAAA record) and the name (RFC 4704 §4).
func fqdn(name string) []byte {
	const flagS = 1
	return append([]byte{flagS}, dnsname.Wire(name)...)
}

func raw(code v6.OptionCode, val []byte) v6.Option {
	return &v6.OptionGeneric{OptionCode: code, OptionData: val}
}
