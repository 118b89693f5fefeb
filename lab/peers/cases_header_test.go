// SPDX-License-Identifier: Apache-2.0

package peers_test

// Reasons not to take a server's word.
const (
	nameless = "a REQUEST names its server, and renewals and the RELEASE go there (RFC 2131 table 4, §4.4.4)"
	same     = "the server has the address itself"
	unwanted = "neither the server nor the address is what the REQUEST names"
)

// headerReplies are odd around the options: in BOOTP's header, in the frame, in who sends what.
var headerReplies = []reply{
	{name: "htype 0", both: []edit{header(offHtype, "00")}},
	{name: "htype 6", both: []edit{header(offHtype, "06")}},
	{name: "hlen 0", both: []edit{header(offHlen, "00")}},
	{name: "hlen 16", both: []edit{header(offHlen, "10")}},
	{name: "dirt behind chaddr", both: []edit{header(offChaddr+6, "deadbeefdeadbeefdead")}},
	{name: "flags 7f80", both: []edit{header(offFlags, "7f80")}},
	{name: "flags: broadcast", both: []edit{header(offFlags, "8000")}},
	{name: "hops and giaddr", both: []edit{header(offHops, "01"), header(offGiaddr, "c6336401")}},
	{name: "secs", both: []edit{header(8, "00ff")}},
	{name: "siaddr of another", both: []edit{header(offSiaddr, "c6336405")}},
	{name: "ciaddr in the ACK", ack: []edit{header(offCiaddr, "YOUR")}},
	{name: "ciaddr in both", both: []edit{header(offCiaddr, "YOUR")}},
	{name: "ciaddr alone in the ACK", ack: []edit{header(offCiaddr, "YOUR"), your("0.0.0.0")}},
	{name: "text in sname and file", both: []edit{field(offSname, "server.example"), field(offFile, "/boot/image")}},
	{name: "another xid", both: []edit{header(offXID, "00000001")}, refusal: "no DHCP server answered"},
	{name: "another chaddr", both: []edit{header(offChaddr, "020000009999")}, refusal: "no DHCP server answered"},
	{name: "op 1", both: []edit{header(0, "01")}, refusal: "no DHCP server answered"},
	{name: "no cookie", both: []edit{header(offCookie, "00000000")}, refusal: "no DHCP server answered"},

	{name: "no 53", both: []edit{drop(codeType)}, refusal: "not a DHCP server's OFFER, ACK or NAK"},
	{name: "53 = 5 at once", offer: []edit{set(codeType, "05")}, refusal: "it answers no message of ours"},
	{name: "53 = 2 again", ack: []edit{set(codeType, "02")}, refusal: "made an offer but did not confirm it"},
	{name: "53 = 9", both: []edit{set(codeType, "09")}, refusal: "not a DHCP server's OFFER, ACK or NAK"},
	{name: "NAK", ack: []edit{set(codeType, "06")}, refusal: "server refused the address"},
	{name: "NAK of another server, then ACK", also: [][]edit{{set(codeType, "06"), set(codeServer, "c0000202"), your("0.0.0.0"), drop(codeMask, codeRouter, codeTime)}}},
	{name: "ACK twice", also: [][]edit{{}}},

	{name: "no 54", both: []edit{drop(codeServer)}},
	{name: "no 54, siaddr", both: []edit{drop(codeServer), header(offSiaddr, "c0000201")}},
	{name: "no 54, by a relay", both: []edit{drop(codeServer), header(offSiaddr, "c6336405"), header(offGiaddr, "c0000201")}},
	{name: "no 54 in the OFFER", offer: []edit{drop(codeServer)}},
	{name: "no 54 in the ACK", ack: []edit{drop(codeServer)}},
	{name: "54 is 0.0.0.0", both: []edit{set(codeServer, "00000000")}},
	{name: "54 is 255.255.255.255", both: []edit{set(codeServer, "ffffffff")}, refusal: "no usable server identifier", why: nameless},
	{name: "54 is 127.0.0.1", both: []edit{set(codeServer, "7f000001")}, refusal: "no usable server identifier", why: nameless},
	{name: "54 is 224.0.0.1", both: []edit{set(codeServer, "e0000001")}, refusal: "no usable server identifier", why: nameless},
	{name: "54 is the address", both: []edit{set(codeServer, "YOUR")}, refusal: "address is the server's own", why: same},
	{name: "54 is off the subnet", both: []edit{set(codeServer, "c6336401")}},
	{name: "54 is the relay", both: []edit{set(codeServer, "c6336401"), header(offGiaddr, "c6336401")}},
	{name: "OFFER by A, ACK by B", ack: []edit{set(codeServer, "c0000202")}},
	{name: "ACK of another address", ack: []edit{your("192.0.2.251")}},
	{name: "ACK of B, of another address", ack: []edit{your("192.0.2.252"), set(codeServer, "c0000202")}, refusal: "not from our server", why: unwanted},

	{name: "UDP checksum 0", both: []edit{checksum(0)}},
	{name: "UDP checksum wrong", both: []edit{checksum(1)}, refusal: "no DHCP server answered"},
	{name: "to the address", both: []edit{onFrame(30, "YOUR")}},
	{name: "broadcast frame", both: []edit{onFrame(0, "ffffffffffff")}},
	{name: "from port 1067", both: []edit{onFrame(34, "042b")}},
	{name: "TTL 1", both: []edit{onFrame(22, "01")}},
	{name: "from 0.0.0.0", both: []edit{onFrame(26, "00000000")}},
	{name: "from off the subnet", both: []edit{onFrame(26, "c6336407")}},
	{name: "no 54, from 0.0.0.0", both: []edit{drop(codeServer), onFrame(26, "00000000")}, refusal: "no usable server identifier", why: nameless},
	{name: "DSCP and ECN", both: []edit{onFrame(15, "c3")}},
	{name: "do not fragment", both: []edit{onFrame(20, "4000")}},
}
