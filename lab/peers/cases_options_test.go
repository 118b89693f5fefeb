// SPDX-License-Identifier: Apache-2.0

package peers_test

import "strings"

// lost is a reason not to take a message without END.
const lost = "what is cut off may have been the mask, the server or the time"

// optionReplies have options twice, cut off, too short, too long, in odd places.
var optionReplies = []reply{
	// dnsmasq adds an administrator's option to its own if the client asks for that option.
	{name: "51 twice", both: []edit{add("3304 00000e10")}},
	{name: "51 twice, of another time", both: []edit{add("3304 00000708")}},
	{name: "51 thrice", both: []edit{add("3304 00000e10"), add("3304 00000e10")}},
	{name: "51 in two halves", both: []edit{set(codeTime, "0000"), add("3302 0e10")}},
	{name: "51 of 5 bytes", both: []edit{set(codeTime, "00000e1000")}},
	{name: "51 of 3 bytes", both: []edit{set(codeTime, "000e10")}},
	{name: "54 twice", both: []edit{add("3604 c0000201")}},
	{name: "54 twice, of two servers", both: []edit{add("3604 c0000207")}},
	{name: "54 of 5 bytes", both: []edit{set(codeServer, "c000020100")}},
	{name: "54 of 3 bytes", both: []edit{set(codeServer, "c00002")}},
	{name: "53 twice in the ACK", ack: []edit{add("3501 05")}},
	{name: "53 twice", offer: []edit{add("3501 02")}, ack: []edit{add("3501 05")}},
	{name: "53 of 2 bytes", offer: []edit{set(codeType, "0200")}, ack: []edit{set(codeType, "0500")}},
	{name: "1 twice", both: []edit{add("0104 ffffff00")}},
	{name: "1 twice, of two lengths", both: []edit{add("0104 ffff0000")}},
	{name: "1 of 5 bytes", both: []edit{set(codeMask, "ffffff0000")}},
	{name: "1 of 3 bytes", both: []edit{set(codeMask, "ffffff")}},
	{name: "3 twice", both: []edit{add("0304 c0000201")}},
	{name: "6 once a server", both: []edit{add("0604 c0000235"), add("0604 c0000236")}},
	{name: "15 twice", both: []edit{add("0f07 6578616d706c65"), add("0f07 6578616d706c65")}},
	{name: "26 twice", both: []edit{add("1a02 05dc"), add("1a02 0578")}},
	{name: "58 and 59 twice", both: []edit{add("3a04 00000708 3b04 00000c4e 3a04 00000708 3b04 00000c4e")}},
	{name: "61 is ours, twice", both: []edit{add("3d07 01MAC"), add("3d07 01MAC")}},
	{name: "61 is ours", both: []edit{add("3d07 01MAC")}},
	{
		name: "61 is another's", both: []edit{add("3d07 01020000009999")},
		refusal: "client identifier is not ours", why: "RFC 6842 §3: MUST discard",
	},
	{name: "61 of length 0", both: []edit{add("3d00")}},
	{name: "12 of length 0", both: []edit{add("0c00")}},
	{name: "50 and 55 echoed", both: []edit{add("3204 YOUR"), add("3703 010306")}},
	{name: "82 echoed", both: []edit{add("520c 0106 000400010203 0202 0001")}},
	{name: "6 before 1, 53 last", both: []edit{drop(codeType)}, offer: []edit{add("3501 02")}, ack: []edit{add("3501 05")}},
	{name: "pads between", both: []edit{first("0000"), add("000000")}},
	{name: "no END", both: []edit{tail("")}},
	{name: "no END, zeros", both: []edit{tail("00000000")}},
	{name: "bytes behind END", both: []edit{tail("ff 3304 00000001 3501 06")}},
	{name: "junk behind END", both: []edit{tail("ff deadbeef dead")}},

	{name: "a cut option", both: []edit{tail("7d28 00000009")}},
	{name: "a code alone", both: []edit{tail("e0")}},
	{name: "54 behind a cut option", both: []edit{drop(codeServer), tail("7d28 00000009 3604 c0000201 ff")}, refusal: "option runs beyond its end", why: lost},
	{name: "mask behind a cut option", both: []edit{drop(codeMask), tail("7dff 00000009")}, refusal: "option runs beyond its end", why: lost},

	{name: "6 of 9 bytes", both: []edit{add("0609 c0000235 c0000236 00")}},
	{name: "6 of 3 bytes", both: []edit{add("0603 c00002")}},
	{name: "6 is 0.0.0.0", both: []edit{add("0608 00000000 c0000235")}},
	{name: "3 of 5 bytes", both: []edit{set(codeRouter, "c000020100")}},
	{name: "3 of 3 bytes", both: []edit{set(codeRouter, "c00002")}},
	{name: "3 is 0.0.0.0", both: []edit{set(codeRouter, "00000000")}},
	{name: "no 3", both: []edit{drop(codeRouter)}},
	{name: "15 has two names", both: []edit{add("0f17 6f6e652e6578616d706c652074776f2e6578616d706c65")}},
	{name: "15 begins with a dot", both: []edit{add("0f04 2e66666d")}},
	{name: "15 ends with NUL", both: []edit{add("0f05 6c616e0000")}},
	{name: "15 ends with a newline", both: []edit{add("0f04 6c616e0a")}},
	{name: "15 is a command", both: []edit{add("0f08 24287265626f6f74")}},
	{name: "119 and a stray byte", both: []edit{add("7713 036c616e00 076578616d706c65036e657400 09")}},
	{name: "119 points to itself", both: []edit{add("7702 c000")}},
	{name: "119 in two parts", both: []edit{add("7707 036c616e00 0765"), add("770b 78616d706c65036e657400")}},
	{name: "121 with zeros", both: []edit{add("7910 18c63364c0000204 00c0000209 000000")}},
	{name: "121 is cut", both: []edit{add("790a 18c63364c0000204 00c0")}},
	{name: "121 has /33", both: []edit{add("790a 21c6336400c0000204 00")}},
	{name: "121 is of length 0", both: []edit{add("7900")}},
	{name: "33 of 7 bytes", both: []edit{add("2107 c6336401c00002")}},
	{name: "43 and 125", both: []edit{add("2b06 010401020304"), add("7d09 00000009 04 01020304")}},
	{name: "80 nobody asked for", both: []edit{add("5000")}},
	{name: "108 nobody asked for", both: []edit{add("6c04 00000e10")}},
	{name: "116: no autoconfiguration", both: []edit{add("7401 00")}},
	{name: "56 in an ACK", both: []edit{add("3805 68656c6c6f")}},
	{name: "an option of 255 bytes", both: []edit{add("e0ff" + zeros(255))}},
	{name: "an unknown option 60 times", both: []edit{add(strings.Repeat("e0020102", 60))}},
	{name: "1400 bytes", both: []edit{padded(1400)}},
	{name: "548 bytes", both: []edit{padded(548)}},
	{name: "300 bytes", both: []edit{padded(300)}},

	{name: "options in file", both: []edit{drop(codeMask), add("3401 01"), field(offFile, "\x01\x04\xff\xff\xff\x00\xff")}},
	{name: "options in sname", both: []edit{drop(codeMask), add("3401 02"), field(offSname, "\x01\x04\xff\xff\xff\x00\xff")}},
	{
		name: "options in file and sname", both: []edit{
			drop(codeMask, codeTime), add("3401 03"), field(offFile, "\x01\x04\xff\xff\xff\x00\xff"), field(offSname, "\x33\x04\x00\x00\x0e\x10\xff"),
		},
	},
	{name: "52 = 3, names in both fields", both: []edit{add("3401 03"), field(offSname, "server.example"), field(offFile, "/boot/image")}},
	{name: "52 = 0", both: []edit{add("3401 00")}},
	{name: "52 = 9", both: []edit{add("3401 09")}},
	{name: "52 of 2 bytes", both: []edit{add("3402 0101")}},
}
