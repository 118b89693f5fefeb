// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"

	v4 "github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"

	"podman-net-dhcp/leased/internal/dnsname"
)

const (
	headerLen = 240 // BOOTP's fixed fields and the magic cookie
	minLen    = 300 // RFC 951 §3: some servers and relays drop shorter messages
	macLen    = 6

	// maxSize is the value of option 57. A message of this size fits an Ethernet frame,
	// whether the server reads the value as UDP payload, as some do, or as IP datagram
	// (RFC 2132 §9.10). A fragmented reply would not pass the socket's filter.
	maxSize = 1472
)

// requested is option 55. 1 comes before 3 (RFC 2132 §3.3). 121 comes before 249, 33 and
// 3: a server that is short of room must not leave out the one that counts (RFC 3442). 51 and
// 54 are not asked for: servers MUST send them (table 3), and dnsmasq sends an administrator's
// own copy of what is asked for beside its own.
var requested = []v4.OptionCode{
	v4.OptionSubnetMask, v4.OptionClasslessStaticRoute, v4.GenericOptionCode(249),
	v4.OptionStaticRoutingTable, v4.OptionRouter, v4.OptionDomainNameServer,
	v4.OptionDomainName, v4.OptionDNSDomainSearchList, v4.OptionInterfaceMTU,
	v4.OptionRenewTimeValue, v4.OptionRebindingTimeValue,
}

// Marshal returns the message as UDP payload, at least 300 bytes, as RFC 2131
// table 5 wants it.
func (id Identity) Marshal(m Message) []byte {
	b := id.header(m)
	for _, o := range id.options(m) {
		b = appendOption(b, o.Code.Code(), o.Value.ToBytes())
	}
	b = append(b, v4.OptionEnd.Code())
	if pad := minLen - len(b); pad > 0 {
		b = append(b, make([]byte, pad)...)
	}
	return b
}

func (id Identity) header(m Message) []byte {
	p := v4.DHCPv4{
		OpCode:       v4.OpcodeBootRequest,
		HWType:       iana.HWTypeEthernet,
		ClientHWAddr: make(net.HardwareAddr, macLen),
		NumSeconds:   m.Secs,
		ClientIPAddr: bare(m.Client),
	}
	copy(p.ClientHWAddr, id.MAC)
	binary.BigEndian.PutUint32(p.TransactionID[:], m.XID)
	if !m.starts() {
		p.NumSeconds = 0
	} else if m.Broadcast {
		p.SetBroadcast()
	}
	return p.ToBytes()[:headerLen]
}

// starts reports whether m is DISCOVER or REQUEST, the two messages that ask for
// something; table 5 forbids secs and most options in the others.
func (m Message) starts() bool { return m.Type == Discover || m.Type == Request }

// options returns the options of m in the order of the wire: 53 first, on which some
// servers insist, then the client's identity and its requests. The order is ours,
// because the library's encoder sorts by code.
func (id Identity) options(m Message) []v4.Option {
	opts := []v4.Option{v4.OptMessageType(v4.MessageType(m.Type))}
	if len(id.ClientID) > 0 { // the same in all messages (RFC 2131 §4.2)
		opts = append(opts, v4.OptClientIdentifier(id.ClientID))
	}
	if m.Requested.IsValid() {
		opts = append(opts, v4.OptRequestedIPAddress(bare(m.Requested)))
	}
	if m.Server.IsValid() {
		opts = append(opts, v4.OptServerIdentifier(bare(m.Server)))
	}
	if m.starts() {
		return append(opts, id.wishes(m)...)
	}
	if m.Text != "" {
		opts = append(opts, v4.OptMessage(m.Text))
	}
	return opts
}

// wishes returns the options that only DISCOVER and REQUEST may carry.
func (id Identity) wishes(m Message) []v4.Option {
	opts := []v4.Option{v4.OptMaxMessageSize(maxSize)}
	if m.RapidCommit && m.Type == Discover {
		opts = append(opts, v4.OptGeneric(v4.OptionRapidCommit, nil))
	}
	if id.VendorClass != "" {
		opts = append(opts, v4.OptClassIdentifier(id.VendorClass))
	}
	if id.UserClass != "" { // one instance with its length (RFC 3004 §4)
		opts = append(opts, v4.OptRFC3004UserClass([]string{clip(id.UserClass)}))
	}
	switch {
	case id.Hostname == "":
	case id.FQDN:
		opts = append(opts, v4.OptGeneric(v4.OptionFQDN, fqdn(id.Hostname)))
	default:
		opts = append(opts, v4.OptHostName(id.Hostname))
	}
	ask := slices.Clone(requested)
	if m.V6Only {
		ask = append(ask, v4.OptionIPv6OnlyPreferred)
	}
	return append(opts, v4.OptParameterRequestList(ask...))
}

// clip cuts s to the 255 bytes that the length byte can say.
func clip(s string) string { return s[:min(len(s), 255)] }

// appendOption appends one option, split if it is longer than the length byte can say
// (RFC 3396 §6).
func appendOption(b []byte, code uint8, val []byte) []byte {
	for len(val) > 255 {
		b = append(append(b, code, 255), val[:255]...)
		val = val[255:]
	}
	return append(append(b, code, uint8(len(val))), val...)
}

// bare returns a as the library wants it; an invalid a is 0.0.0.0.
func bare(a netip.Addr) net.IP {
	if a = a.Unmap(); !a.Is4() {
		return net.IPv4zero.To4()
	}
	return a.AsSlice()
}

// fqdn is option 81: flags E (DNS wire form) and S (the server shall do the A
// record), the two RCODEs that RFC 4702 §2.2 wants 0, and the name.
func fqdn(name string) []byte {
	const flagS, flagE = 1, 4
	return append([]byte{flagS | flagE, 0, 0}, dnsname.Wire(name)...)
}
