// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

var (
	mac    = net.HardwareAddr{0x02, 0, 0, 0xaa, 0xbb, 0xcc}
	client = netip.MustParseAddr("192.0.2.9")
	server = netip.MustParseAddr("192.0.2.1")
	plain  = dhcp4.Identity{MAC: mac}
	full   = dhcp4.Identity{
		MAC: mac, ClientID: []byte{1, 2, 0, 0, 0xaa, 0xbb, 0xcc}, Hostname: "web",
		VendorClass: "leased", UserClass: "lab",
	}
)

// messages are all that the states of RFC 2131 §4.4 send, with the options that
// full's must carry, in order.
var messages = map[string]struct {
	m     dhcp4.Message
	codes []byte
}{
	"DISCOVER": {
		dhcp4.Message{Type: dhcp4.Discover, XID: 1, Secs: 3},
		[]byte{53, 61, 57, 60, 77, 12, 55},
	},
	"DISCOVER of an address": {
		dhcp4.Message{Type: dhcp4.Discover, XID: 1, Requested: client},
		[]byte{53, 61, 50, 57, 60, 77, 12, 55},
	},
	"DISCOVER with rapid commit": {
		dhcp4.Message{Type: dhcp4.Discover, XID: 1, RapidCommit: true},
		[]byte{53, 61, 57, 80, 60, 77, 12, 55},
	},
	"REQUEST, where rapid commit is for DISCOVER only": {
		dhcp4.Message{Type: dhcp4.Request, XID: 1, Requested: client, RapidCommit: true},
		[]byte{53, 61, 50, 57, 60, 77, 12, 55},
	},
	"REQUEST in SELECTING": {
		dhcp4.Message{Type: dhcp4.Request, XID: 1, Secs: 3, Requested: client, Server: server},
		[]byte{53, 61, 50, 54, 57, 60, 77, 12, 55},
	},
	"REQUEST in INIT-REBOOT": {
		dhcp4.Message{Type: dhcp4.Request, XID: 1, Requested: client},
		[]byte{53, 61, 50, 57, 60, 77, 12, 55},
	},
	"REQUEST in RENEWING": {
		dhcp4.Message{Type: dhcp4.Request, XID: 1, Client: client},
		[]byte{53, 61, 57, 60, 77, 12, 55},
	},
	"DECLINE": {
		dhcp4.Message{Type: dhcp4.Decline, XID: 1, Secs: 9, Requested: client, Server: server, Text: "in use"},
		[]byte{53, 61, 50, 54, 56},
	},
	"RELEASE": {
		dhcp4.Message{Type: dhcp4.Release, XID: 1, Secs: 9, Client: client, Server: server},
		[]byte{53, 61, 54},
	},
}

func TestMarshalIsTable5(t *testing.T) {
	for name, c := range messages {
		for _, id := range []dhcp4.Identity{plain, full} {
			b := id.Marshal(c.m)
			if err := dhcp4test.Check(b); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !bytes.Equal(b[28:34], mac) || b[7] != 1 {
				t.Errorf("%s: chaddr % x, xid % x", name, b[28:34], b[4:8])
			}
		}
		if got := codes(t, full.Marshal(c.m)); !slices.Equal(got, c.codes) {
			t.Errorf("%s: options %d, want %d", name, got, c.codes)
		}
	}
}

func codes(t *testing.T, b []byte) (out []byte) {
	t.Helper()
	opts, err := dhcp4test.Options(b[240:])
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range opts {
		out = append(out, o.Code)
	}
	return out
}

func value(t *testing.T, b []byte, code byte) []byte {
	t.Helper()
	opts, err := dhcp4test.Options(b[240:])
	if err != nil {
		t.Fatal(err)
	}
	var v []byte
	for _, o := range opts {
		if o.Code == code {
			v = append(v, o.Value...)
		}
	}
	return v
}

func TestMarshalValues(t *testing.T) {
	b := full.Marshal(messages["REQUEST in SELECTING"].m)
	want := map[byte][]byte{
		53: {3}, 61: full.ClientID, 50: {192, 0, 2, 9}, 54: {192, 0, 2, 1}, 57: {0x05, 0xc0},
		60: []byte("leased"), 77: []byte("\x03lab"), 12: []byte("web"),
		55: {1, 121, 249, 33, 3, 6, 15, 119, 26, 58, 59},
	}
	for code, v := range want {
		if got := value(t, b, code); !bytes.Equal(got, v) {
			t.Errorf("option %d is % x, want % x", code, got, v)
		}
	}
	if b[8] != 0 || b[9] != 3 {
		t.Errorf("secs is % x, want 3", b[8:10])
	}
	if b := full.Marshal(messages["RELEASE"].m); !bytes.Equal(b[12:16], []byte{192, 0, 2, 9}) {
		t.Errorf("ciaddr is %d", b[12:16])
	}
}

// Option 108 is asked for by its place in option 55 (RFC 8925 §3.1), in the one
// message that says so and in no later one.
func TestMarshalV6Only(t *testing.T) {
	for _, want := range []bool{true, false} {
		m := messages["DISCOVER"].m
		m.V6Only = want
		b := full.Marshal(m)
		if got := bytes.Contains(value(t, b, 55), []byte{108}); got != want {
			t.Errorf("V6Only %v: option 55 is %d", want, value(t, b, 55))
		}
		if err := dhcp4test.Check(b); err != nil {
			t.Error(err)
		}
	}
}

func TestMarshalFQDN(t *testing.T) {
	for name, want := range map[string]string{
		"web":              "\x05\x00\x00\x03web",
		"web.example.net":  "\x05\x00\x00\x03web\x07example\x03net\x00",
		"web.example.net.": "\x05\x00\x00\x03web\x07example\x03net\x00",
	} {
		id := dhcp4.Identity{MAC: mac, Hostname: name, FQDN: true}
		b := id.Marshal(messages["DISCOVER"].m)
		if got := value(t, b, 81); string(got) != want {
			t.Errorf("%s: option 81 is %q, want %q", name, got, want)
		}
		if err := dhcp4test.Check(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An option that is too long is split, and what was not set by mistake does not
// become garbage: the message stays one that can be read.
func TestMarshalLongOption(t *testing.T) {
	id := dhcp4.Identity{MAC: mac, ClientID: bytes.Repeat([]byte{7}, 300), UserClass: strings.Repeat("u", 300)}
	b := id.Marshal(messages["DISCOVER"].m)
	if got := value(t, b, 61); !bytes.Equal(got, id.ClientID) {
		t.Errorf("client identifier has %d bytes, want 300", len(got))
	}
	if got := value(t, b, 77); len(got) != 256 || got[0] != 255 {
		t.Errorf("user class has %d bytes", len(got))
	}
}

func TestCheckFindsMistakes(t *testing.T) {
	good := full.Marshal(messages["REQUEST in RENEWING"].m)
	spoil := map[string]func(b []byte) []byte{
		"op":           func(b []byte) []byte { b[0] = 2; return b },
		"hops":         func(b []byte) []byte { b[3] = 1; return b },
		"broadcast":    func(b []byte) []byte { b[10] = 0x80; return b },
		"xid":          func(b []byte) []byte { b[7] = 0; return b },
		"giaddr":       func(b []byte) []byte { b[27] = 1; return b },
		"chaddr":       func(b []byte) []byte { b[28] |= 1; return b },
		"file":         func(b []byte) []byte { b[200] = 1; return b },
		"magic":        func(b []byte) []byte { b[236] = 1; return b },
		"short":        func(b []byte) []byte { return b[:299] },
		"long":         func(b []byte) []byte { return append(b, make([]byte, 400)...) },
		"type":         func(b []byte) []byte { b[242] = 5; return b },
		"53 not first": func(b []byte) []byte { b[240] = 52; return b },
		"ciaddr":       func(b []byte) []byte { copy(b[12:16], make([]byte, 4)); return b },
		"behind END":   func(b []byte) []byte { b[len(b)-1] = 9; return b },
	}
	for name, f := range spoil {
		if dhcp4test.Check(f(bytes.Clone(good))) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, m := range map[string]dhcp4.Message{
		"RELEASE with option 50":    {Type: dhcp4.Release, XID: 1, Client: client, Server: server, Requested: client},
		"DECLINE with ciaddr":       {Type: dhcp4.Decline, XID: 1, Client: client, Server: server, Requested: client},
		"DECLINE without option 50": {Type: dhcp4.Decline, XID: 1, Server: server},
		"DECLINE without option 54": {Type: dhcp4.Decline, XID: 1, Requested: client},
		"DECLINE of 0.0.0.0":        {Type: dhcp4.Decline, XID: 1, Requested: netip.IPv4Unspecified(), Server: server},
	} {
		if dhcp4test.Check(full.Marshal(m)) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Option 80 is a DISCOVER's, and empty (RFC 4039 §4).
func TestCheckRapidCommit(t *testing.T) {
	for name, m := range messages {
		b := full.Marshal(m.m)
		end := bytes.LastIndexByte(b, 255)
		for _, opt := range [][]byte{dhcp4test.Opt(80), dhcp4test.Opt(80, 1)} {
			bad := append(append(bytes.Clone(b[:end]), opt...), b[end:]...)
			ok := m.m.Type == dhcp4.Discover && !m.m.RapidCommit && len(opt) == 2
			if err := dhcp4test.Check(bad); (err == nil) != ok {
				t.Errorf("%s with option 80 % x: %v", name, opt, err)
			}
		}
	}
}
