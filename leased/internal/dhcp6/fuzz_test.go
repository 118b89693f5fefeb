// SPDX-License-Identifier: Apache-2.0

package dhcp6_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"regexp"
	"testing"
	"time"
	"unicode"

	v6 "github.com/insomniacslk/dhcp/dhcpv6"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp6"
	dt "podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

// nameForm is what a name may be, said in another way than the code says it.
var nameForm = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// FuzzParse: whatever comes, no panic, nothing that is outside of what Reply's comments
// promise, nothing that is kept from one message to the next or of the buffer.
func FuzzParse(f *testing.F) {
	f.Add(everything.Bytes())
	f.Add(reply(dt.OptStatus(1, "\x1b["), dt.Opt(24, []byte("\x03net\x00\x01a\xc0\x00")...)).Bytes())
	f.Add(reply(dt.OptIA(iaid, 1, 2, dt.OptIAAddr("fe80::1", 1, 2), dt.OptIAAddr("2001:db8::1", 1, 2, dt.OptStatus(3, "x")))).Bytes())
	f.Add(dt.Server{Type: dt.Reconfigure, XID: 7}.Bytes())
	f.Add(full.Marshal(messages[0].m))
	for _, c := range testlan.Captures(f, "testdata") {
		f.Add(rebuild(f, c))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		buf := bytes.Clone(b)
		r, err := dhcp6.Parse(buf, plain)
		if !bytes.Equal(buf, b) {
			t.Error("input was changed")
		}
		for i := range buf {
			buf[i] ^= 0xff
		}
		again, againErr := dhcp6.Parse(b, plain)
		if !reflect.DeepEqual(r, again) || (err == nil) != (againErr == nil) {
			t.Errorf("first %+v, %v; then %+v, %v", r, err, again, againErr)
		}
		if err == nil {
			checkReply(t, r)
		}
	})
}

// FuzzParseOptions is FuzzParse behind a header and within an IA_NA and an address that
// are right, where mutations are not wasted on them.
func FuzzParseOptions(f *testing.F) {
	f.Add(dt.OptNames(24, "a.b"), dt.OptStatus(2, "full"), dt.OptStatus(4, "x"))
	f.Add(dt.OptAddr(23, "2001:db8::53"), dt.OptIAAddr("fd00::1", 1, 2), dt.Opt(13, 1))
	f.Add(dt.OptTime(82, 60), dt.Opt(5, make([]byte, 23)...), []byte{0})
	f.Fuzz(func(t *testing.T, outer, ia, addr []byte) {
		if len(outer)+len(ia)+len(addr) > 60000 {
			return
		}
		s := reply(dt.OptIA(iaid, 1, 2, dt.OptIAAddr("2001:db8::9", 1, 2, addr), ia), outer)
		if r, err := dhcp6.Parse(s.Bytes(), plain); err == nil {
			checkReply(t, r)
		}
	})
}

func checkReply(t *testing.T, r dhcp6.Reply) {
	t.Helper()
	if r.Type != dhcp6.Advertise && r.Type != dhcp6.ReplyType || r.XID > 0xffffff {
		t.Errorf("type %v, transaction ID %x", r.Type, r.XID)
	}
	for _, d := range [][]byte{r.Client, r.Server} {
		if d != nil && (len(d) < 3 || len(d) > dhcp6.MaxDUID) {
			t.Errorf("DUID of %d bytes", len(d))
		}
	}
	for _, rt := range []uint32{r.SolMaxRT, r.InfMaxRT} {
		if rt != 0 && (rt < 60 || rt > 86400) {
			t.Errorf("MAX_RT %d", rt)
		}
	}
	if !r.HasIA && (r.T1 != 0 || r.T2 != 0 || r.IAStatus != 0 || r.Addrs != nil) || !r.HasRefresh && r.Refresh != 0 {
		t.Errorf("what was not there: %+v", r)
	}
	checkText(t, r)
	checkLists(t, r)
}

func checkText(t *testing.T, r dhcp6.Reply) {
	t.Helper()
	for _, c := range r.StatusText {
		if !unicode.IsPrint(c) {
			t.Errorf("text %q", r.StatusText)
		}
	}
	for _, n := range r.Search {
		if len(n) > 253 || !nameForm.MatchString(n) {
			t.Errorf("name %q", n)
		}
	}
	if len(r.StatusText) > dhcp6.MaxText || len(r.Search) > dhcp6.MaxSearch {
		t.Errorf("%d bytes of text, %d names", len(r.StatusText), len(r.Search))
	}
}

func checkLists(t *testing.T, r dhcp6.Reply) {
	t.Helper()
	if len(r.Addrs) > dhcp6.MaxAddrs || len(r.DNS) > dhcp6.MaxDNS {
		t.Errorf("%d addresses, %d DNS servers", len(r.Addrs), len(r.DNS))
	}
	ours := map[netip.Addr]bool{}
	for _, a := range r.Addrs {
		checkAddr(t, a.Addr, ours)
	}
	servers := map[netip.Addr]bool{}
	for _, a := range r.DNS {
		checkAddr(t, a, servers)
	}
}

func checkAddr(t *testing.T, a netip.Addr, seen map[netip.Addr]bool) {
	t.Helper()
	if !a.Is6() || a.Is4In6() || a.Zone() != "" || a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || seen[a] {
		t.Errorf("address %s", a)
	}
	seen[a] = true
}

// FuzzMarshal: what we send is appendix B's, and the library reads it back as meant.
func FuzzMarshal(f *testing.F) {
	for kind := range messages {
		f.Add(uint8(kind), uint32(kind), int64(kind)*1e9, duid, server, "web.example.net", "class")
	}
	f.Add(uint8(1), uint32(0xffffffff), int64(-1), []byte{0, 1, 2}, bytes.Repeat([]byte{9}, 128), "a b", "")
	f.Fuzz(func(t *testing.T, kind uint8, xid uint32, elapsed int64, client, srv []byte, host, class string) {
		client, srv = unknownType(client), unknownType(srv)
		if !duidLen(len(client)) || !duidLen(len(srv)) || xid&0xffffff == 0 {
			return
		}
		id := dhcp6.Identity{DUID: client, IAID: xid, Hostname: host, UserClass: class}
		m := messages[int(kind)%len(messages)].m
		m.XID, m.Elapsed = xid, time.Duration(elapsed)
		if m.Server != nil {
			m.Server = srv
		}
		b := id.Marshal(m)
		if err := dt.Check(b); err != nil {
			t.Fatal(err)
		}
		checkLibrary(t, b, id, m)
	})
}

// unknownType makes a DUID of a type that the library does not look into.
func unknownType(b []byte) []byte { return append([]byte{0xff, 0xff}, b...) }

func checkLibrary(t *testing.T, b []byte, id dhcp6.Identity, m dhcp6.Message) {
	t.Helper()
	p, err := v6.MessageFromBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	var as []netip.Addr
	if ia := p.Options.OneIANA(); ia != nil {
		for _, a := range ia.Options.Addresses() {
			addr, _ := netip.AddrFromSlice(a.IPv6Addr)
			as = append(as, addr)
		}
		if binary.BigEndian.Uint32(ia.IaId[:]) != id.IAID {
			t.Errorf("IAID %x", ia.IaId)
		}
	}
	switch {
	case dhcp6.Type(p.MessageType) != m.Type, !bytes.Equal(p.Options.ClientID().ToBytes(), id.DUID),
		!reflect.DeepEqual(as, m.Addrs), (p.Options.OneIANA() != nil) != m.IA,
		m.Server != nil && !bytes.Equal(p.Options.ServerID().ToBytes(), m.Server),
		(p.GetOneOption(v6.OptionRapidCommit) != nil) != (m.RapidCommit && m.Type == dhcp6.Solicit):
		t.Errorf("%+v is read as %s", m, p.Summary())
	}
}
