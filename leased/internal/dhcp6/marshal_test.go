// SPDX-License-Identifier: Apache-2.0

package dhcp6_test

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	dt "podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

const iaid = 0xa1b2c3d4

var (
	duid   = []byte{0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	server = []byte{0, 3, 0, 1, 2, 0, 0, 0xaa, 0xbb, 0xcc}
	plain  = dhcp6.Identity{DUID: duid, IAID: iaid}
	full   = dhcp6.Identity{DUID: duid, IAID: iaid, Hostname: "web", UserClass: "lab"}
)

// messages are all that the exchanges of RFC 8415 §18.2 send, with the options that
// full's must carry, in order.
var messages = []struct {
	name  string
	m     dhcp6.Message
	codes []uint16
}{
	{"SOLICIT", dhcp6.Message{Type: dhcp6.Solicit, XID: 1, IA: true}, []uint16{1, 3, 8, 15, 6, 39}},
	{
		"SOLICIT of an address, rapid commit",
		dhcp6.Message{Type: dhcp6.Solicit, XID: 1, IA: true, Addrs: addrs("2001:db8::9"), RapidCommit: true},
		[]uint16{1, 3, 8, 14, 15, 6, 39},
	},
	{"REQUEST", dhcp6.Message{Type: dhcp6.Request, XID: 1, IA: true, Server: server}, []uint16{1, 2, 3, 8, 15, 6, 39}},
	{
		"REQUEST, where rapid commit is for SOLICIT only",
		dhcp6.Message{Type: dhcp6.Request, XID: 1, IA: true, Addrs: addrs("2001:db8::9"), Server: server, RapidCommit: true},
		[]uint16{1, 2, 3, 8, 15, 6, 39},
	},
	{"CONFIRM", dhcp6.Message{Type: dhcp6.Confirm, XID: 1, IA: true, Addrs: addrs("2001:db8::9")}, []uint16{1, 3, 8, 15}},
	{
		"RENEW",
		dhcp6.Message{Type: dhcp6.Renew, XID: 1, IA: true, Addrs: addrs("2001:db8::9", "fd00::9"), Server: server},
		[]uint16{1, 2, 3, 8, 15, 6, 39},
	},
	{"REBIND", dhcp6.Message{Type: dhcp6.Rebind, XID: 1, IA: true, Addrs: addrs("2001:db8::9")}, []uint16{1, 3, 8, 15, 6, 39}},
	{"RELEASE", dhcp6.Message{Type: dhcp6.Release, XID: 1, IA: true, Addrs: addrs("2001:db8::9"), Server: server}, []uint16{1, 2, 3, 8, 15}},
	{"DECLINE", dhcp6.Message{Type: dhcp6.Decline, XID: 1, IA: true, Addrs: addrs("2001:db8::9"), Server: server}, []uint16{1, 2, 3, 8, 15}},
	{"INFORMATION-REQUEST", dhcp6.Message{Type: dhcp6.InformationRequest, XID: 1}, []uint16{1, 8, 15, 6}},
}

func message(t *testing.T, name string) dhcp6.Message {
	t.Helper()
	for _, c := range messages {
		if c.name == name {
			return c.m
		}
	}
	t.Fatalf("no message %s", name)
	return dhcp6.Message{}
}

func addrs(ss ...string) (out []netip.Addr) {
	for _, s := range ss {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func TestMarshalIsAppendixB(t *testing.T) {
	for _, c := range messages {
		t.Run(c.name, func(t *testing.T) {
			for _, id := range []dhcp6.Identity{plain, full} {
				if err := dt.Check(id.Marshal(c.m)); err != nil {
					t.Error(err)
				}
			}
			var got []uint16
			opts, err := dt.Options(full.Marshal(c.m)[4:])
			for _, o := range opts {
				got = append(got, o.Code)
			}
			if err != nil || !slices.Equal(got, c.codes) {
				t.Errorf("options %d, want %d; %v", got, c.codes, err)
			}
		})
	}
}

func TestMarshalBytes(t *testing.T) {
	solicit, release := message(t, "SOLICIT of an address, rapid commit"), message(t, "RELEASE")
	solicit.XID, release.XID, release.Elapsed = 0xff123456, 0xabcdef, 1500*time.Millisecond
	const id = "0001 0012 0004 0102030405060708090a0b0c0d0e0f10"
	const ia = "0003 0028 a1b2c3d4 00000000 00000000 0005 0018 20010db8000000000000000000000009 00000000 00000000"
	for name, c := range map[string]struct {
		m    dhcp6.Message
		want string
	}{
		"SOLICIT": {solicit, "01 123456" + id + ia + "0008 0002 0000" + "000e 0000" +
			"000f 0005 0003 6c6162" + "0006 0006 0017 0018 0052" + "0027 0005 01 03 776562"},
		"RELEASE": {release, "08 abcdef" + id + "0002 000a 0003 0001 020000aabbcc" + ia + "0008 0002 0096" + "000f 0005 0003 6c6162"},
	} {
		want, err := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := full.Marshal(c.m); !bytes.Equal(got, want) {
			t.Errorf("%s is\n% x, want\n% x", name, got, want)
		}
	}
}

func TestMarshalValues(t *testing.T) {
	two := dt.OptIA(iaid, 0, 0, dt.OptIAAddr("2001:db8::9", 0, 0), dt.OptIAAddr("fd00::9", 0, 0))
	for name, want := range map[string]map[uint16][]byte{
		"SOLICIT":             {3: dt.OptIA(iaid, 0, 0)[4:], 6: {0, 23, 0, 24, 0, 82}},
		"REQUEST":             {1: duid, 2: server, 6: {0, 23, 0, 24, 0, 82}},
		"RENEW":               {2: server, 3: two[4:], 6: {0, 23, 0, 24, 0, 82}, 15: []byte("\x00\x03lab"), 39: []byte("\x01\x03web")},
		"REBIND":              {6: {0, 23, 0, 24, 0, 82}, 2: nil},
		"CONFIRM":             {3: dt.OptIA(iaid, 0, 0, dt.OptIAAddr("2001:db8::9", 0, 0))[4:], 6: nil},
		"INFORMATION-REQUEST": {6: {0, 23, 0, 24, 0, 32, 0, 83}, 3: nil, 39: nil},
	} {
		b := full.Marshal(message(t, name))
		for code, v := range want {
			if got := dt.Value(b, code); !bytes.Equal(got, v) {
				t.Errorf("%s: option %d is % x, want % x", name, code, got, v)
			}
		}
	}
}

// Option 8 counts hundredths of a second, and 0xffff is all that is more (§21.9).
func TestMarshalElapsed(t *testing.T) {
	for d, want := range map[time.Duration][]byte{
		0: {0, 0}, -time.Second: {0, 0}, 10 * time.Millisecond: {0, 1}, 2560 * time.Millisecond: {1, 0},
		655340 * time.Millisecond: {0xff, 0xfe}, 655350 * time.Millisecond: {0xff, 0xff},
		655360 * time.Millisecond: {0xff, 0xff}, 1000 * time.Hour: {0xff, 0xff},
	} {
		m := message(t, "CONFIRM")
		m.Elapsed = d
		if got := dt.Value(full.Marshal(m), 8); !bytes.Equal(got, want) {
			t.Errorf("%s: % x, want % x", d, got, want)
		}
	}
}

// RFC 4704 §4.2: a name without a dot is partial and not ended. What is no name is not sent.
func TestMarshalFQDN(t *testing.T) {
	for name, want := range map[string]string{
		"web":              "\x01\x03web",
		"web.example.net":  "\x01\x03web\x07example\x03net\x00",
		"web.example.net.": "\x01\x03web\x07example\x03net\x00",
		"":                 "", "a b": "", "a..b": "", ".": "", strings.Repeat("a", 64): "", strings.Repeat("a.", 127) + "a": "",
	} {
		id := dhcp6.Identity{DUID: duid, Hostname: name}
		b := id.Marshal(message(t, "SOLICIT"))
		if got := dt.Value(b, 39); string(got) != want {
			t.Errorf("%s: option 39 is %q, want %q", name, got, want)
		}
		if err := dt.Check(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is left out is left out whole: no option of no bytes, none cut.
func TestMarshalExtremes(t *testing.T) {
	m := message(t, "INFORMATION-REQUEST")
	m.Server = []byte{}
	b := dhcp6.Identity{}.Marshal(m)
	if err := dt.Check(b); err != nil || dt.Value(b, 1) != nil {
		t.Errorf("without a DUID: % x: %v", b, err)
	}
	m = message(t, "RENEW")
	m.Server = bytes.Repeat([]byte{7}, dhcp6.MaxDUID)
	m.Addrs = addrs("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4")
	id := dhcp6.Identity{DUID: m.Server, Hostname: strings.Repeat("a.", 126) + "a", UserClass: strings.Repeat("u", 1<<17)}
	b = id.Marshal(m)
	if err := dt.Check(b); err != nil || len(dt.Value(b, 15)) != 2+255 {
		t.Errorf("all at its longest: %d bytes, %d of user class: %v", len(b), len(dt.Value(b, 15)), err)
	}
}
