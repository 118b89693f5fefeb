// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// The names in the table, as `nft list table netdev leased` shows them.
const (
	table = "leased"

	macs  = "macs"  // the MAC of each port's container, by ifindex
	addrs = "addrs" // its IPv4 addresses

	start  = "guard" // the chains: all frames of guarded ports
	arp    = "arp"
	ipv4   = "ipv4"
	dhcp   = "dhcp"
	source = "source" // of IPv4
	ipv6   = "ipv6"
)

// rule is a rule of the table. The text is what `nft` shows beside it.
type rule struct {
	chain, text string
	parts       []expression
}

// rules are the same for all ports. A chain for a protocol ends with a verdict of its own, so
// that a frame that is too short for a rule is not let through by it.
func rules() []rule {
	return []rule{
		{start, "another MAC", slices.Concat(sourceMAC.notOf(macs), drop)},
		// A bridge learns MACs from these, and reads its own protocols in them (802.1Q §8.6.3).
		{start, "a bridge's protocol", slices.Concat(groupOf.is(1, 0x80, 0xc2, 0, 0), drop)},
		{start, "a VLAN tag", slices.Concat(etherType.is(0x81, 0), drop)},
		{start, "a VLAN tag", slices.Concat(etherType.is(0x88, 0xa8), drop)},
		{start, "", slices.Concat(etherType.is(8, 6), goTo(arp))},
		{start, "", slices.Concat(etherType.is(8, 0), goTo(ipv4))},
		{start, "", slices.Concat(etherType.is(0x86, 0xdd), goTo(ipv6))},
		// PPPoE, LLC and the protocols of switches.
		{start, "a protocol that is not a host's", drop},

		{arp, "another MAC", slices.Concat(arpSHA.notOf(macs), drop)},
		{arp, "a probe (RFC 5227)", slices.Concat(arpSPA.is(0, 0, 0, 0), accept)},
		{arp, "", slices.Concat(arpSPA.of(addrs), accept)},
		{arp, "another address", drop},

		{ipv4, "a DHCP server's message", slices.Concat(udpTo(68), drop)},
		{ipv4, "", slices.Concat(udpTo(67), goTo(dhcp))},
		{ipv4, "", goTo(source)},

		// Behind the end of a short packet a frame can have bytes that only look like a message.
		{dhcp, "a message in fragments", slices.Concat(moreFragments(), drop)},
		{dhcp, "a DHCP relay's message", slices.Concat(giaddr.isNot(0, 0, 0, 0), drop)},
		{dhcp, "", slices.Concat(chaddr.of(macs), ciaddr.is(0, 0, 0, 0), goTo(source))},
		{dhcp, "", slices.Concat(chaddr.of(macs), ciaddr.of(addrs), goTo(source))},
		{dhcp, "another client's message", drop},

		{source, "", slices.Concat(sourceIPv4.is(0, 0, 0, 0), accept)},
		{source, "", slices.Concat(sourceIPv4.of(addrs), accept)},
		{source, "another address", drop},

		{ipv6, "a DHCPv6 server's message", slices.Concat(udpTo(546), drop)},
		{ipv6, "a router advertisement", slices.Concat(icmpv6(134), drop)},
		{ipv6, "a redirect", slices.Concat(icmpv6(137), drop)},
		// Headers in several fragments hide the message (RFC 7112, RFC 7113).
		{ipv6, "headers in fragments", slices.Concat(fragmentOf(unix.IPPROTO_HOPOPTS), drop)},
		{ipv6, "headers in fragments", slices.Concat(fragmentOf(unix.IPPROTO_ROUTING), drop)},
		{ipv6, "headers in fragments", slices.Concat(fragmentOf(unix.IPPROTO_FRAGMENT), drop)},
		{ipv6, "headers in fragments", slices.Concat(fragmentOf(unix.IPPROTO_AH), drop)},
		{ipv6, "headers in fragments", slices.Concat(fragmentOf(unix.IPPROTO_DSTOPTS), drop)},
		{ipv6, "", slices.Concat([]expression{bothPorts.load(first)}, accept)},
		{ipv6, "", slices.Concat(laterFragment(), accept)},
		{ipv6, "no protocol", drop},
	}
}

// The table's flags: only the owner's socket can change or flush the table, and the table
// stays when the socket closes. Linux 6.9 knows both.
const ownedPersistent = 2 | 4 // NFT_TABLE_F_OWNER, NFT_TABLE_F_PERSIST of linux/netfilter/nf_tables.h

// everything replaces the table, if there is one, by a new one for these ports.
func everything(flags uint32, ports []port) []message {
	name := rtnetlink.String(unix.NFTA_TABLE_NAME, table)
	all := []message{
		add(unix.NFT_MSG_NEWTABLE, name), // so that the next message always succeeds
		del(unix.NFT_MSG_DELTABLE, name),
		add(unix.NFT_MSG_NEWTABLE, name, number(unix.NFTA_TABLE_FLAGS, flags)),
		newSet(1, macs, etherAddr, 4+8), newSet(2, addrs, ipv4Addr, 4+4),
	}
	for _, chain := range []string{start, arp, ipv4, dhcp, source, ipv6} {
		all = append(all, add(unix.NFT_MSG_NEWCHAIN, rtnetlink.String(unix.NFTA_CHAIN_TABLE, table), rtnetlink.String(unix.NFTA_CHAIN_NAME, chain)))
	}
	for _, r := range rules() {
		all = append(all, r.message())
	}
	// The first hook of a host, and the last one, have the kernel patch its own code: 0.2 ms.
	// A chain without rules, on a link that is always there, keeps this out of starts.
	all = append(all, hooked("keep", "lo"))
	for _, p := range ports {
		all = append(all, p.appear()...)
	}
	return all
}

// The kinds of the second part of a key, as `nft` numbers them; the first is the ifindex.
const (
	ifIndex   = 20
	etherAddr = 9
	ipv4Addr  = 7
)

func newSet(id uint32, name string, kind, size uint32) message {
	return add(unix.NFT_MSG_NEWSET, rtnetlink.String(unix.NFTA_SET_TABLE, table), rtnetlink.String(unix.NFTA_SET_NAME, name),
		number(unix.NFTA_SET_ID, id), number(unix.NFTA_SET_KEY_TYPE, ifIndex<<6|kind), number(unix.NFTA_SET_KEY_LEN, size))
}

func (r rule) message() message {
	attrs := []rtnetlink.Attr{
		rtnetlink.String(unix.NFTA_RULE_TABLE, table), rtnetlink.String(unix.NFTA_RULE_CHAIN, r.chain),
		rtnetlink.Nested(unix.NFTA_RULE_EXPRESSIONS, r.parts...),
	}
	if r.text != "" { // type 0 of nft's own, length, text with a zero byte
		comment := append([]byte{0, byte(len(r.text) + 1)}, r.text+"\x00"...)
		attrs = append(attrs, rtnetlink.Attr{Type: unix.NFTA_RULE_USERDATA, Value: comment})
	}
	return message{unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE | unix.NLM_F_APPEND, attrs}
}

// port is a guarded port.
type port struct {
	link  string // its name
	index int    // its ifindex
	mac   [6]byte
	netns uint64       // cookie of the container's netns; 0: not known yet
	addrs []netip.Addr // IPv4, of all of the container's interfaces
}

// appear guards the port from the first frame on: the chain sees its frames before the bridge
// does, which also learns MACs.
func (p port) appear() []message {
	all := []message{
		hooked(p.chain(), p.link),
		// Linux 6.16 hooks the chain of a dead port on a new link of that name.
		rule{chain: p.chain(), parts: slices.Concat(onPort(p.index), goTo(start))}.message(),
		element(add, unix.NFT_MSG_NEWSETELEM, macs, p.macKey()),
	}
	return append(all, p.replace(nil)...)
}

// hooked is a chain that sees the frames that come from a link.
func hooked(chain, link string) message {
	hook := rtnetlink.Nested(unix.NFTA_CHAIN_HOOK, number(unix.NFTA_HOOK_HOOKNUM, unix.NF_NETDEV_INGRESS),
		number(unix.NFTA_HOOK_PRIORITY, 0), rtnetlink.String(unix.NFTA_HOOK_DEV, link))
	return add(unix.NFT_MSG_NEWCHAIN, rtnetlink.String(unix.NFTA_CHAIN_TABLE, table), rtnetlink.String(unix.NFTA_CHAIN_NAME, chain),
		rtnetlink.String(unix.NFTA_CHAIN_TYPE, "filter"), hook)
}

// allow lets a source address through; an invalid one is none.
func (p port) allow(addr netip.Addr) []message { return p.change(add, unix.NFT_MSG_NEWSETELEM, addr) }

// forbid takes allow back.
func (p port) forbid(addr netip.Addr) []message { return p.change(del, unix.NFT_MSG_DELSETELEM, addr) }

func (p port) change(how func(uint16, ...rtnetlink.Attr) message, kind uint16, addr netip.Addr) []message {
	if !addr.Is4() {
		return nil
	}
	return []message{element(how, kind, addrs, append(p.key(), addr.AsSlice()...))}
}

func (p port) chain() string { return fmt.Sprintf("port%d", p.index) }

func (p port) key() []byte { return binary.NativeEndian.AppendUint32(nil, uint32(p.index)) }

func (p port) macKey() []byte { return append(append(p.key(), p.mac[:]...), 0, 0) }

func element(how func(uint16, ...rtnetlink.Attr) message, kind uint16, set string, key []byte) message {
	return how(kind, inSet(set, key)...)
}

func inSet(set string, key []byte) []rtnetlink.Attr {
	return []rtnetlink.Attr{
		rtnetlink.String(unix.NFTA_SET_ELEM_LIST_TABLE, table), rtnetlink.String(unix.NFTA_SET_ELEM_LIST_SET, set),
		rtnetlink.Nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, rtnetlink.Nested(unix.NFTA_LIST_ELEM, data(unix.NFTA_SET_ELEM_KEY, key))),
	}
}

func newPort(link string, index int, mac net.HardwareAddr) port {
	p := port{link: link, index: index}
	copy(p.mac[:], mac)
	return p
}
