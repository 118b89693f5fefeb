// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

func addrs(ss ...string) (out []netip.Addr) {
	for _, s := range ss {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// ack returns an ACK with the options given.
func ack(opts ...[]byte) dt.Server {
	return dt.Server{XID: 7, MAC: mac, Your: client, Options: append([][]byte{dt.Opt(53, 5)}, opts...)}
}

func parse(t *testing.T, s dt.Server) dhcp4.Reply {
	t.Helper()
	r, err := dhcp4.Parse(s.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseAll(t *testing.T) {
	got := parse(t, ack(
		dt.OptAddr(54, "192.0.2.1"), dt.OptTime(51, 3600), dt.OptTime(58, 0), dt.OptTime(59, 0xffffffff),
		dt.OptAddr(1, "255.255.255.0"), dt.OptAddr(3, "192.0.2.1", "192.0.2.2"), dt.OptAddr(6, "192.0.2.53", "192.0.2.54"),
		dt.OptText(15, "example.net\x00"), dt.Opt(80), dt.OptTime(108, 1800), dt.Opt(26, 0x05, 0x78),
		dt.Opt(61, 1, 2, 3), dt.OptText(119, "\x03lab\x07example\x03net\x00\x05other\xc0\x04"), dt.OptText(56, "hi"),
	))
	want := dhcp4.Reply{
		Type: dhcp4.Ack, XID: 7, MAC: mac, Your: client, Server: server, ClientID: []byte{1, 2, 3}, Mask: 24,
		LeaseTime: 3600, T1: 0, T2: dhcp4.Infinite, HasLeaseTime: true, HasT1: true, HasT2: true,
		Routes: []dhcp4.Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: server}},
		DNS:    addrs("192.0.2.53", "192.0.2.54"), Domain: "example.net",
		Search: []string{"lab.example.net", "other.example.net"}, MTU: 1400, Text: "hi",
		RapidCommit: true, V6OnlyWait: 1800, HasV6OnlyWait: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestParseBare(t *testing.T) {
	s := ack()
	s.Your = netip.Addr{}
	want := dhcp4.Reply{Type: dhcp4.Ack, XID: 7, MAC: mac}
	if got := parse(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A NAK gives nothing but its reason (RFC 2131 table 3).
func TestParseNak(t *testing.T) {
	s := ack(dt.OptAddr(54, "192.0.2.1"), dt.OptText(56, "wrong network"), dt.OptTime(51, 60), dt.OptAddr(3, "192.0.2.1"))
	s.Options[0] = dt.Opt(53, 6)
	got := parse(t, s)
	want := dhcp4.Reply{Type: dhcp4.Nak, XID: 7, MAC: mac, Your: client, Server: server, Text: "wrong network"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	good := ack(dt.OptAddr(54, "192.0.2.1")).Bytes()
	spoil := map[string]func(b []byte) []byte{
		"nothing":       func([]byte) []byte { return nil },
		"header only":   func(b []byte) []byte { return b[:239] },
		"no options":    func(b []byte) []byte { return b[:240] },
		"a request":     func(b []byte) []byte { b[0] = 1; return b },
		"magic":         func(b []byte) []byte { b[239] = 98; return b },
		"DISCOVER":      func(b []byte) []byte { b[242] = 1; return b },
		"FORCERENEW":    func(b []byte) []byte { b[242] = 9; return b }, // CVE-2020-13529
		"type 0":        func(b []byte) []byte { b[242] = 0; return b },
		"53 of 0 bytes": func(b []byte) []byte { return append(b[:240], 53, 0, 5, 255) },
		"cut option":    func(b []byte) []byte { return append(b[:len(b)-1], 6, 4, 192, 0, 2) },
		"cut length":    func(b []byte) []byte { return append(b[:len(b)-1], 6) },
	}
	for name, f := range spoil {
		if r, err := dhcp4.Parse(f(bytes.Clone(good))); err == nil {
			t.Errorf("%s: parsed as %+v", name, r)
		}
	}
	if _, err := dhcp4.Parse(nil); !errors.Is(err, dhcp4.ErrNotReply) {
		t.Errorf("error is %v, want ErrNotReply", err)
	}
}

// RFC 4039 §4 and RFC 8925 §3.1: options 80 and 108 have no bytes and four, once; shorter ones
// say nothing, and neither does any in a NAK. Of longer ones the beginning counts.
func TestParseRapidCommitAndV6Only(t *testing.T) {
	for name, c := range map[string]struct {
		opts    [][]byte
		rapid   bool
		v6only  uint32
		has108  bool
		message byte
	}{
		"both":        {[][]byte{dt.Opt(80), dt.OptTime(108, 7)}, true, 7, true, 5},
		"in an OFFER": {[][]byte{dt.Opt(80), dt.OptTime(108, 7)}, true, 7, true, 2},
		"in a NAK":    {[][]byte{dt.Opt(80), dt.OptTime(108, 7)}, false, 0, false, 6},
		"108 of 0":    {[][]byte{dt.OptTime(108, 0)}, false, 0, true, 5},
		"of a byte":   {[][]byte{dt.Opt(80, 1), dt.Opt(108, 1)}, true, 0, false, 5},
		"108 empty":   {[][]byte{dt.Opt(108)}, false, 0, false, 5},
		"108 of 8":    {[][]byte{dt.Opt(108, 0, 0, 0, 1, 0, 0, 0, 2)}, false, 1, true, 5},
		"twice":       {[][]byte{dt.Opt(80), dt.Opt(80), dt.OptTime(108, 7), dt.OptTime(108, 9)}, true, 7, true, 5},
		"80 split":    {[][]byte{dt.Opt(80, 1), dt.Opt(80)}, true, 0, false, 5},
		"none":        {nil, false, 0, false, 5},
	} {
		s := ack(c.opts...)
		s.Options[0] = dt.Opt(53, c.message)
		if r := parse(t, s); r.RapidCommit != c.rapid || r.V6OnlyWait != c.v6only || r.HasV6OnlyWait != c.has108 {
			t.Errorf("%s: got %v, %d, %v", name, r.RapidCommit, r.V6OnlyWait, r.HasV6OnlyWait)
		}
	}
}

// Parse keeps nothing of the buffer, which the socket's reader uses again.
func TestParseSharesNothing(t *testing.T) {
	b := ack(dt.Opt(61, 1, 2, 3), dt.OptText(15, "example.net"), dt.OptAddr(6, "192.0.2.53")).Bytes()
	r, err := dhcp4.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 0xee
	}
	if r.ClientID[0] != 1 || r.MAC[0] != 2 || r.Domain != "example.net" || r.DNS[0] != addrs("192.0.2.53")[0] {
		t.Errorf("changed to %+v", r)
	}
}

// A reply that came by a relay names it in giaddr (RFC 1542 §4.1.2), and the server
// that it would have us boot from in siaddr; neither is ours to judge.
func TestRelayedReply(t *testing.T) {
	b := ack(dt.OptAddr(54, "192.0.2.1")).Bytes()
	want, err := dhcp4.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[20:24], []byte{192, 0, 2, 3})
	copy(b[24:28], []byte{192, 0, 2, 254})
	b[3] = 1 // hops
	got, err := dhcp4.Parse(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// What a server has put elsewhere: the address of an ACK into ciaddr, and a server behind a relay
// its identifier into siaddr alone.
func TestReplyFromTheHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		typ, yiaddr, ciaddr, giaddr byte // the last bytes of 192.0.2.x; 0: 0.0.0.0
		your, server                string
	}{
		"plain":                 {5, 9, 0, 0, "192.0.2.9", ""},
		"both":                  {5, 9, 8, 0, "192.0.2.9", ""},
		"ciaddr alone":          {5, 0, 8, 0, "192.0.2.8", ""},
		"ciaddr of an OFFER":    {2, 0, 8, 0, "", ""},
		"a relay and no server": {2, 9, 0, 3, "192.0.2.9", "192.0.2.254"},
		"NAK by a relay":        {6, 0, 8, 3, "", ""},
	} {
		b := dt.Server{XID: 7, MAC: mac, Options: [][]byte{dt.Opt(53, c.typ)}}.Bytes()
		for at, last := range map[int]byte{12: c.ciaddr, 16: c.yiaddr, 20: 254, 24: c.giaddr} {
			if last != 0 {
				copy(b[at:], []byte{192, 0, 2, last})
			}
		}
		r, err := dhcp4.Parse(b)
		if err != nil || show(r.Your) != c.your || show(r.Server) != c.server {
			t.Errorf("%s: %v, %v, %v", name, r.Your, r.Server, err)
		}
	}
}

func show(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// chaddr says whose a reply is, whatever type and length of hardware the server puts beside it.
func TestAnyHardware(t *testing.T) {
	t.Parallel()
	want := parse(t, ack(dt.OptAddr(54, "192.0.2.1")))
	for _, v := range [][2]byte{{0, 6}, {6, 6}, {1, 0}, {1, 16}, {255, 255}} {
		b := ack(dt.OptAddr(54, "192.0.2.1")).Bytes()
		b[1], b[2] = v[0], v[1]
		if got, err := dhcp4.Parse(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v, %v", v, got, err)
		}
	}
}
