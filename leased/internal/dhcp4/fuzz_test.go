// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"regexp"
	"testing"
	"unicode"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// nameForm is what a name may be, said in another way than the code says it.
var nameForm = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// FuzzParse: whatever comes, no panic, and nothing that is outside of what
// Reply's comments promise.
func FuzzParse(f *testing.F) {
	f.Add(ack(opt121, opt249, opt33, opt3, dt.OptAddr(54, "192.0.2.1"), dt.OptTime(51, 60)).Bytes())
	f.Add(ack(dt.OptText(119, "\x03net\x00\x01a\xc0\x00"), dt.OptText(15, "a.b"), dt.OptText(56, "\x1b[")).Bytes())
	s := ack(dt.Opt(52, 3), dt.OptAddr(6, "192.0.2.53"))
	s.File, s.SName, s.NoEnd = dt.OptText(12, "web"), dt.Opt(26, 5, 0), true
	f.Add(s.Bytes())
	f.Add(ack(dt.Opt(80), dt.OptTime(108, 1800), dt.OptAddr(54, "192.0.2.1"), dt.OptTime(51, 60)).Bytes())
	f.Add(full.Marshal(messages["DISCOVER"].m))
	for _, c := range testlan.Captures(f, "testdata") {
		f.Add(rebuild(f, c))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		r, err := dhcp4.Parse(b)
		if !bytes.Equal(b, before) {
			t.Error("input was changed")
		}
		if err == nil {
			checkReply(t, r)
		}
	})
}

// FuzzParseOptions is FuzzParse behind a header that is right, where mutations
// are not wasted on it.
func FuzzParseOptions(f *testing.F) {
	f.Add(join(opt121, opt249, opt33, opt3, dt.Opt(52, 3)), dt.OptText(119, "\x01a\xc0\x00"), dt.OptText(56, "\x1b["))
	f.Add(join(dt.OptText(119, "\x03net\x00\x01a\xc0\x00"), dt.OptText(15, "a.b"), dt.OptText(12, "_a-b.")), []byte{}, []byte{})
	f.Add(join(dt.OptAddr(1, "255.255.255.0"), dt.Opt(26, 5, 0), dt.OptAddr(6, "192.0.2.53"), dt.Opt(61, 1)), []byte{}, []byte{})
	f.Add(join(dt.Opt(80), dt.OptTime(108, 0), dt.Opt(52, 1)), dt.Opt(80), dt.Opt(108, 1, 2))
	for _, c := range testlan.Captures(f, "testdata") {
		if b := rebuild(f, c); len(b) > 240 {
			f.Add(b[240:], b[108:236], b[44:108])
		}
	}
	f.Fuzz(func(t *testing.T, opts, file, sname []byte) {
		s := ack(opts)
		s.File, s.SName, s.NoEnd = file, sname, true
		if r, err := dhcp4.Parse(s.Bytes()); err == nil {
			checkReply(t, r)
		}
	})
}

func checkReply(t *testing.T, r dhcp4.Reply) {
	t.Helper()
	if r.Type != dhcp4.Offer && r.Type != dhcp4.Ack && r.Type != dhcp4.Nak || len(r.MAC) != 6 {
		t.Errorf("type %v, chaddr %v", r.Type, r.MAC)
	}
	if r.Mask < dhcp4.BadMask || r.Mask > 32 || r.MTU != 0 && (r.MTU < dhcp4.MinMTU || r.MTU > 65535) {
		t.Errorf("mask %d, MTU %d", r.Mask, r.MTU)
	}
	if len(r.Routes) > dhcp4.MaxRoutes || len(r.DNS) > dhcp4.MaxDNS || len(r.Search) > dhcp4.MaxSearch {
		t.Errorf("%d routes, %d DNS servers, %d names", len(r.Routes), len(r.DNS), len(r.Search))
	}
	if r.V6OnlyWait != 0 && !r.HasV6OnlyWait || r.Type == dhcp4.Nak && (r.RapidCommit || r.HasV6OnlyWait) {
		t.Errorf("%v: options 80 %v, 108 %v", r.Type, r.RapidCommit, r.V6OnlyWait)
	}
	for _, n := range append(r.Search, r.Domain) {
		if n != "" && (len(n) > 253 || !nameForm.MatchString(n)) {
			t.Errorf("name %q", n)
		}
	}
	for _, c := range r.Text {
		if !unicode.IsPrint(c) {
			t.Errorf("text %q", r.Text)
		}
	}
	seen := map[netip.Prefix]bool{}
	for _, rt := range r.Routes {
		checkRoute(t, rt)
		if seen[rt.Dst] {
			t.Errorf("two routes to %s", rt.Dst)
		}
		seen[rt.Dst] = true
	}
}

func checkRoute(t *testing.T, r dhcp4.Route) {
	t.Helper()
	if !r.Dst.IsValid() || r.Dst != r.Dst.Masked() {
		t.Errorf("destination %s", r.Dst)
	}
	if a := r.Dst.Addr(); a.IsLoopback() || a.IsMulticast() || a.IsUnspecified() && r.Dst.Bits() >= 8 {
		t.Errorf("destination %s", r.Dst)
	}
	if v := r.Via; v.IsValid() && (v.IsLoopback() || v.IsMulticast() || v.IsUnspecified()) {
		t.Errorf("router %s", v)
	}
}

// FuzzMarshal: what we send is table 5's, and the library reads it back as meant.
func FuzzMarshal(f *testing.F) {
	f.Add(uint8(0), uint32(1), uint16(2), []byte{1, 2}, "web", "class", false)
	f.Add(uint8(1), uint32(1<<31), uint16(65535), []byte{}, "web.example.net", "", true)
	f.Add(uint8(7), uint32(1), uint16(2), []byte{1, 2}, "web", "class", false)
	f.Add(uint8(5), uint32(0xffffffff), uint16(0), []byte{0, 0, 0}, "", "x", true)
	f.Fuzz(func(t *testing.T, kind uint8, xid uint32, secs uint16, cid []byte, host, class string, fqdn bool) {
		if len(cid) == 1 || len(cid) > 64 || len(host) > 64 || len(class) > 32 || xid == 0 {
			return
		}
		id := dhcp4.Identity{MAC: mac, ClientID: cid, Hostname: host, FQDN: fqdn, VendorClass: class, UserClass: class}
		m := message(kind)
		m.XID, m.Secs = xid, secs
		b := id.Marshal(m)
		if err := dt.Check(b); err != nil {
			t.Fatal(err)
		}
		checkLibrary(t, b, id, m)
	})
}

func message(kind uint8) dhcp4.Message {
	return []dhcp4.Message{
		{Type: dhcp4.Discover},
		{Type: dhcp4.Discover, Requested: client},
		{Type: dhcp4.Request, Requested: client, Server: server},
		{Type: dhcp4.Request, Requested: client},
		{Type: dhcp4.Request, Client: client},
		{Type: dhcp4.Decline, Requested: client, Server: server, Text: "in use"},
		{Type: dhcp4.Release, Client: client, Server: server},
		{Type: dhcp4.Discover, RapidCommit: true, V6Only: true},
		{Type: dhcp4.Request, Client: client, RapidCommit: true, V6Only: true},
	}[kind%9]
}

func checkLibrary(t *testing.T, b []byte, id dhcp4.Identity, m dhcp4.Message) {
	t.Helper()
	p, err := dhcpv4.FromBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	ip := func(a netip.Addr, got []byte) bool {
		return !a.IsValid() && len(bytes.Trim(got, "\x00")) == 0 || a.IsValid() && bytes.Equal(a.AsSlice(), got)
	}
	switch {
	case dhcp4.Type(p.MessageType()) != m.Type, binary.BigEndian.Uint32(p.TransactionID[:]) != m.XID,
		!bytes.Equal(p.ClientHWAddr, mac), !ip(m.Client, p.ClientIPAddr.To4()),
		!ip(m.Requested, p.RequestedIPAddress().To4()), !ip(m.Server, p.ServerIdentifier().To4()),
		!bytes.Equal(p.Options.Get(dhcpv4.OptionClientIdentifier), id.ClientID),
		p.Options.Has(dhcpv4.OptionRapidCommit) != (m.RapidCommit && m.Type == dhcp4.Discover),
		bytes.Contains(p.Options.Get(dhcpv4.OptionParameterRequestList), []byte{108}) != m.V6Only:
		t.Errorf("%+v is read as %s", m, p.Summary())
	}
}
