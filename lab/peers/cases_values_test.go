// SPDX-License-Identifier: Apache-2.0

package peers_test

// Reasons not to take an address.
const (
	noHost = "no host may have it (RFC 1122 §3.2.1.3)"
	edge   = "the other hosts of the subnet cannot send to it (RFC 1122 §3.2.1.3)"
)

// valueReplies have odd addresses, masks, times and sizes.
var valueReplies = []reply{
	{name: "address in 240/4", both: []edit{your("240.0.5.9"), set(codeServer, "f0000501"), set(codeRouter, "f0000501")}},
	{name: "address in 0/8", both: []edit{your("0.0.2.9")}, refusal: "address is no host's", why: noHost},
	{name: "address in 127/8", both: []edit{your("127.0.2.9")}, refusal: "address is no host's", why: noHost},
	{name: "address in 224/4", both: []edit{your("224.0.2.9")}, refusal: "address is no host's", why: noHost},
	{name: "address 255.255.255.255", both: []edit{your("255.255.255.255")}, refusal: "address is no host's", why: noHost},
	{name: "address 0.0.0.0", both: []edit{your("0.0.0.0")}, refusal: "address is no host's"},
	{name: "address in 169.254/16", both: []edit{your("169.254.7.9")}},
	{name: "address in 100.64/10", both: []edit{your("100.64.7.9")}},
	{name: "first address of the subnet", both: []edit{your("198.51.100.0")}, refusal: "address is the subnet's own or its broadcast address", why: edge},
	{name: "last address of the subnet", both: []edit{your("198.51.100.255")}, refusal: "address is the subnet's own or its broadcast address", why: edge},
	{name: "the router's address", both: []edit{set(codeRouter, "YOUR")}, differs: "a router that is the client itself leads nowhere"},

	{name: "no mask", both: []edit{drop(codeMask)}},
	{name: "no mask, address ends in 255", both: []edit{drop(codeMask), your("198.51.100.255")}},
	{name: "no mask, address ends in 0", both: []edit{drop(codeMask), your("203.0.113.0")}},
	{name: "no mask in the OFFER", offer: []edit{drop(codeMask)}},
	{name: "no mask in the ACK", ack: []edit{drop(codeMask)}},
	{name: "mask 0.0.0.0", both: []edit{set(codeMask, "00000000")}},
	{name: "mask 255.0.255.0", both: []edit{set(codeMask, "ff00ff00")}, refusal: "subnet mask is not contiguous"},
	{name: "mask 0.255.255.255", both: []edit{set(codeMask, "00ffffff")}, refusal: "subnet mask is not contiguous"},
	{name: "mask 128.0.0.0", both: []edit{set(codeMask, "80000000")}},
	{name: "/31", both: []edit{set(codeMask, "fffffffe")}},
	{name: "/32, router off the link", both: []edit{set(codeMask, "ffffffff"), set(codeRouter, "c6336401")}},
	{name: "/32, router is the address", both: []edit{set(codeMask, "ffffffff"), set(codeRouter, "YOUR")}, differs: "a default route to the link, as dhcpcd makes it"},
	{name: "/32, routes in 121", both: []edit{set(codeMask, "ffffffff"), add("790e 20c6336401YOUR 00c6336401")}},

	{name: "lease of 0 s", both: []edit{set(codeTime, "00000000")}},
	{name: "lease of 1 s", both: []edit{set(codeTime, "00000001")}},
	{name: "lease for ever", both: []edit{set(codeTime, "ffffffff")}},
	{name: "lease of 68 years", both: []edit{set(codeTime, "7fffffff")}},
	{name: "lease of 136 years", both: []edit{set(codeTime, "fffffffe")}},
	{name: "no lease time", both: []edit{drop(codeTime)}},
	{name: "no lease time in the OFFER", offer: []edit{drop(codeTime)}},
	{name: "no lease time in the ACK", ack: []edit{drop(codeTime)}},
	{name: "lease shorter in the ACK", ack: []edit{set(codeTime, "0000003c")}},
	{name: "T1 > T2", both: []edit{add("3a04 00000c4e 3b04 00000708")}},
	{name: "T1 = T2 = lease", both: []edit{add("3a04 00000e10 3b04 00000e10")}},
	{name: "T2 > lease", both: []edit{add("3a04 00000708 3b04 00001c20")}},
	{name: "T1 = T2 = 0", both: []edit{add("3a04 00000000 3b04 00000000")}},
	{name: "T1 and T2 for ever", both: []edit{add("3a04 ffffffff 3b04 ffffffff")}},
	{name: "T1 of 2 bytes", both: []edit{add("3a02 0708")}},

	{name: "MTU 0", both: []edit{add("1a02 0000")}},
	{name: "MTU 68", both: []edit{add("1a02 0044")}},
	{name: "MTU 576", both: []edit{add("1a02 0240")}},
	{name: "MTU 65535", both: []edit{add("1a02 ffff")}},
	{name: "MTU of 1 byte", both: []edit{add("1a01 dc")}},
	{name: "broadcast of another subnet", both: []edit{add("1c04 cb0071ff")}},
}
