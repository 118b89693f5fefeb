// SPDX-License-Identifier: Apache-2.0

package dhcp6_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp6"
	dt "podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

// reply returns a REPLY with the options given behind the two identifiers.
func reply(opts ...[]byte) dt.Server {
	return dt.Server{Type: dt.Reply, XID: 0x123456, Client: duid, Server: server, Options: opts}
}

func parse(t *testing.T, s dt.Server) dhcp6.Reply {
	t.Helper()
	r, err := dhcp6.Parse(s.Bytes(), plain)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// everything has each option that is looked at, and some that are not.
var everything = reply(
	dt.Opt(7, 255), dt.OptStatus(0, "fine"), dt.Opt(14), dt.OptTime(82, 60), dt.OptTime(83, 86400), dt.OptTime(32, 600),
	dt.Opt(20), dt.Opt(17, 0, 0, 0, 9, 1), dt.OptAddr(23, "2001:db8::53", "fd00::53"), dt.OptNames(24, "lab.example.net", "example.net"),
	dt.OptIA(iaid, 1800, 2880,
		dt.OptIAAddr("2001:db8::9", 3600, dhcp6.Infinite), dt.OptIAAddr("fd00::9", 7, 8, dt.OptStatus(4, "elsewhere")),
		dt.OptStatus(2, "only two")),
)

var everythingParsed = dhcp6.Reply{
	Type: dhcp6.ReplyType, XID: 0x123456, Client: duid, Server: server, Preference: 255, StatusText: "only two",
	HasIA: true, T1: 1800, T2: 2880, IAStatus: dhcp6.NoAddrsAvail,
	Addrs: []dhcp6.Address{
		{Addr: addrs("2001:db8::9")[0], Preferred: 3600, Valid: dhcp6.Infinite},
		{Addr: addrs("fd00::9")[0], Preferred: 7, Valid: 8, Status: dhcp6.NotOnLink},
	},
	RapidCommit: true, SolMaxRT: 60, InfMaxRT: 86400, Refresh: 600, HasRefresh: true,
	DNS: addrs("2001:db8::53", "fd00::53"), Search: []string{"lab.example.net", "example.net"},
}

func TestParseAll(t *testing.T) {
	if got := parse(t, everything); !reflect.DeepEqual(got, everythingParsed) {
		t.Errorf("got\n%+v\nwant\n%+v", got, everythingParsed)
	}
	advertise, want := everything, everythingParsed
	advertise.Type, want.Type = dt.Advertise, dhcp6.Advertise
	if got := parse(t, advertise); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestParseBare(t *testing.T) {
	want := dhcp6.Reply{Type: dhcp6.Advertise, XID: 0xffffff}
	if got := parse(t, dt.Server{Type: dt.Advertise, XID: 0xffffff}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Nothing but ADVERTISE and REPLY is for a client, RECONFIGURE and the relays' messages
// included (§16, §18.2.11).
func TestParseRefusesTypes(t *testing.T) {
	for typ := range 256 {
		s := everything
		s.Type = byte(typ)
		ours := typ == dt.Advertise || typ == dt.Reply
		r, err := dhcp6.Parse(s.Bytes(), plain)
		if (err == nil) != ours || err != nil && !errors.Is(err, dhcp6.ErrNotReply) || err != nil && !reflect.DeepEqual(r, dhcp6.Reply{}) {
			t.Errorf("type %d: %+v, %v", typ, r, err)
		}
	}
	for n := range 4 {
		if _, err := dhcp6.Parse([]byte{7, 0, 0, 1}[:n], plain); !errors.Is(err, dhcp6.ErrNotReply) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// What is cut off is lost, and what was before it stands: there are servers whose messages have
// bytes behind the last option. A status that is cut might be what refuses the rest.
func TestParseTakesWhatIsBeforeACut(t *testing.T) {
	b := everything.Bytes()
	for n := 4; n <= len(b); n++ {
		r, err := dhcp6.Parse(b[:n:n], plain)
		if err != nil && !reflect.DeepEqual(r, dhcp6.Reply{}) {
			t.Errorf("cut to %d bytes: %+v beside an error", n, r)
		}
	}
	ia := dt.OptIA(iaid, 0, 0, dt.OptIAAddr("2001:db8::9", 1, 2, []byte{0}), []byte{9, 9, 9})
	for name, tail := range map[string][]byte{"one byte": {0}, "three": {0, 1, 2}, "a cut option": {0, 23, 0, 16, 1}} {
		r := parse(t, reply(ia, tail))
		if len(r.Addrs) != 1 || r.Addrs[0].Addr != addrs("2001:db8::9")[0] {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r, err := dhcp6.Parse(reply(ia, []byte{0, 13, 0, 4, 0}).Bytes(), plain); err == nil {
		t.Errorf("cut status: %+v", r)
	}
}

func TestStatus(t *testing.T) {
	ia := func(opts ...[]byte) []byte { return dt.OptIA(iaid, 0, 0, opts...) }
	for name, c := range map[string]struct {
		opts     [][]byte
		own, ias dhcp6.Status
		text     string
	}{
		"none":                       {nil, 0, 0, ""},
		"Success":                    {[][]byte{dt.OptStatus(0, "ok")}, 0, 0, "ok"},
		"the message's":              {[][]byte{dt.OptStatus(1, "no")}, dhcp6.UnspecFail, 0, "no"},
		"the IA's":                   {[][]byte{ia(dt.OptStatus(3, "who?"))}, 0, dhcp6.NoBinding, "who?"},
		"Success, the IA's not":      {[][]byte{dt.OptStatus(0, "ok"), ia(dt.OptStatus(2, "full"))}, 0, dhcp6.NoAddrsAvail, "full"},
		"the message's, IA's a text": {[][]byte{dt.OptStatus(5, ""), ia(dt.OptStatus(2, "full"))}, dhcp6.UseMulticast, dhcp6.NoAddrsAvail, "full"},
		"both":                       {[][]byte{dt.OptStatus(4, "off"), ia(dt.OptStatus(2, "full"))}, dhcp6.NotOnLink, dhcp6.NoAddrsAvail, "off"},
		"IA's Success":               {[][]byte{dt.OptStatus(1, ""), ia(dt.OptStatus(0, "ok"))}, dhcp6.UnspecFail, 0, ""},
		"no text":                    {[][]byte{dt.OptStatus(6, "")}, 6, 0, ""},
		"one byte":                   {[][]byte{dt.Opt(13, 1), ia(dt.Opt(13, 1))}, 0, 0, ""},
		"the first counts":           {[][]byte{dt.OptStatus(1, "a"), dt.OptStatus(2, "b")}, dhcp6.UnspecFail, 0, "a"},
		"another IA's":               {[][]byte{dt.OptIA(iaid+1, 0, 0, dt.OptStatus(2, "full"))}, 0, 0, ""},
		"hostile":                    {[][]byte{dt.OptStatus(1, "\x1b[2J\n\u202e\xff\x00")}, dhcp6.UnspecFail, 0, "?[2J???"},
		"long":                       {[][]byte{dt.OptStatus(1, strings.Repeat("x", 60000))}, dhcp6.UnspecFail, 0, strings.Repeat("x", 255)},
	} {
		r := parse(t, reply(c.opts...))
		if r.Status != c.own || r.IAStatus != c.ias || r.StatusText != c.text {
			t.Errorf("%s: %d, IA %d, %q", name, r.Status, r.IAStatus, r.StatusText)
		}
	}
}

// What is out of the bounds of §21.24 and §21.25 is ignored; a refresh time is any (§21.23).
func TestTimes(t *testing.T) {
	for in, want := range map[uint32]uint32{0: 0, 59: 0, 60: 60, 3600: 3600, 86400: 86400, 86401: 0, dhcp6.Infinite: 0} {
		r := parse(t, reply(dt.OptTime(82, in), dt.OptTime(83, in), dt.OptTime(32, in)))
		if r.SolMaxRT != want || r.InfMaxRT != want || r.Refresh != in || !r.HasRefresh {
			t.Errorf("%d: %d, %d, refresh %d, %v", in, r.SolMaxRT, r.InfMaxRT, r.Refresh, r.HasRefresh)
		}
	}
}

// Only our IA_NA counts, and of two the first that can be read.
func TestOurAssociation(t *testing.T) {
	ours := func(t1 uint32) []byte { return dt.OptIA(iaid, t1, 0, dt.OptIAAddr("2001:db8::9", 1, 2)) }
	other := dt.OptIA(iaid-1, 5, 5, dt.OptIAAddr("2001:db8::5", 1, 2))
	cut := dt.OptIA(iaid, 9, 9, dt.OptIAAddr("2001:db8::5", 1, 2), []byte{0, 13, 0, 24})
	nested := dt.OptIA(iaid-1, 5, 5, ours(9))
	temporary := append([]byte{0, 4}, ours(9)[2:]...)
	for name, c := range map[string]struct {
		opts [][]byte
		has  bool
		t1   uint32
	}{
		"ours": {[][]byte{ours(1)}, true, 1}, "other, ours": {[][]byte{other, ours(1)}, true, 1}, "other": {[][]byte{other}, false, 0},
		"two": {[][]byte{ours(1), ours(2)}, true, 1}, "cut, ours": {[][]byte{cut, ours(2)}, true, 2}, "cut": {[][]byte{cut}, false, 0},
		"11 bytes, ours": {[][]byte{dt.Opt(3, ours(1)[4:15]...), ours(2)}, true, 2}, "nested": {[][]byte{nested}, false, 0},
		"IA_TA": {[][]byte{temporary}, false, 0}, "address outside": {[][]byte{dt.OptIAAddr("2001:db8::9", 1, 2)}, false, 0},
	} {
		r := parse(t, reply(c.opts...))
		if r.HasIA != c.has || r.T1 != c.t1 || (len(r.Addrs) == 1) != c.has || c.has && r.Addrs[0].Addr != addrs("2001:db8::9")[0] {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// An IA_NA without addresses is one, as Kea's refusals have.
func TestEmptyAssociation(t *testing.T) {
	r := parse(t, reply(dt.OptIA(iaid, 0, 0)))
	if !r.HasIA || r.Addrs != nil {
		t.Errorf("got %+v", r)
	}
}

// Parse keeps nothing of the buffer, which the socket's reader uses again.
func TestParseSharesNothing(t *testing.T) {
	b := everything.Bytes()
	before := bytes.Clone(b)
	r, err := dhcp6.Parse(b, plain)
	if err != nil || !bytes.Equal(b, before) {
		t.Fatalf("%v; the input was changed: %v", err, !bytes.Equal(b, before))
	}
	for i := range b {
		b[i] = 0xee
	}
	if !reflect.DeepEqual(r, everythingParsed) {
		t.Errorf("changed to %+v", r)
	}
}

// Answer is what a server's test says to a client of ours.
func TestAnswer(t *testing.T) {
	m := message(t, "SOLICIT")
	m.XID = 0x00abcd
	r := parse(t, dt.Answer(full.Marshal(m), dt.Advertise, server, dt.OptIA(iaid, 0, 0)))
	if r.XID != 0x00abcd || !bytes.Equal(r.Client, duid) || !bytes.Equal(r.Server, server) || !r.HasIA || r.Type != dhcp6.Advertise {
		t.Errorf("got %+v", r)
	}
}
