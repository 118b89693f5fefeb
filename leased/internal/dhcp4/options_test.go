// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"bytes"
	"slices"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

func join(opts ...[]byte) []byte { return bytes.Join(opts, nil) }

// Options may lie in file and sname, with option 52 saying so and in that order,
// and a long one may be split over all three (RFC 2131 §4.1, RFC 3396 §5).
func TestOverload(t *testing.T) {
	dns := func(a string) []byte { return dt.OptAddr(6, a) }
	for name, c := range map[string]struct {
		overload byte
		want     []string
	}{
		"none":  {0, []string{"192.0.2.51"}},
		"file":  {1, []string{"192.0.2.51", "192.0.2.52"}},
		"sname": {2, []string{"192.0.2.51", "192.0.2.53"}},
		"both":  {3, []string{"192.0.2.51", "192.0.2.52", "192.0.2.53"}},
		"wrong": {7, []string{"192.0.2.51"}},
	} {
		s := ack(dt.Opt(52, c.overload), dns("192.0.2.51"))
		s.File, s.SName = dns("192.0.2.52"), append(dns("192.0.2.53"), 255, 'x')
		if got := parse(t, s).DNS; !slices.Equal(got, addrs(c.want...)) {
			t.Errorf("%s: DNS %v, want %v", name, got, c.want)
		}
	}
}

// The type itself may be in file; and without option 52 the two fields are names.
func TestOverloadedType(t *testing.T) {
	s := dt.Server{XID: 7, MAC: mac, Options: [][]byte{dt.Opt(52, 1)}, File: dt.Opt(53, 2)}
	if got := parse(t, s); got.Type != dhcp4.Offer {
		t.Errorf("type %v, want OFFER", got.Type)
	}
	s.Options = nil
	if _, err := dhcp4.Parse(s.Bytes()); err == nil {
		t.Error("file was read without option 52")
	}
	s = ack()
	s.File, s.SName = bytes.Repeat([]byte{'f'}, 128), bytes.Repeat([]byte{'s'}, 64) // no NUL at all
	parse(t, s)
}

// An option 52 inside of file or sname means nothing (CVE-2012-2152's loop), and
// the two areas end where they end.
func TestOverloadHostile(t *testing.T) {
	s := ack(dt.Opt(52, 1))
	s.File = join(dt.Opt(52, 3), dt.OptAddr(6, "192.0.2.52"))
	s.SName = dt.OptAddr(6, "192.0.2.53")
	if got := parse(t, s).DNS; !slices.Equal(got, addrs("192.0.2.52")) {
		t.Errorf("DNS %v: option 52 in file was followed", got)
	}
	s.File = join(make([]byte, 126), []byte{6, 4}) // would run into the magic
	if _, err := dhcp4.Parse(s.Bytes()); err == nil {
		t.Error("an option ran beyond file")
	}
	s.File = join(make([]byte, 127), []byte{6})
	if _, err := dhcp4.Parse(s.Bytes()); err == nil {
		t.Error("an option's length was read beyond file")
	}
	s.File = join(make([]byte, 127), []byte{52}) // 52 as the last byte (CVE-2014-6060)
	if _, err := dhcp4.Parse(s.Bytes()); err == nil {
		t.Error("an option's length was read beyond file")
	}
}

func TestLooseForms(t *testing.T) {
	s := ack(dt.OptAddr(6, "192.0.2.53"))
	s.NoEnd = true
	if got := parse(t, s).DNS; len(got) != 1 {
		t.Errorf("without END: DNS %v", got)
	}
	s = ack(dt.Opt(12), dt.Opt(51), []byte{0, 0, 0}, dt.OptTime(51, 60), dt.Opt(3), dt.Opt(61))
	if r := parse(t, s); r.LeaseTime != 60 || !r.HasLeaseTime || r.ClientID != nil {
		t.Errorf("with empty options: %+v", r)
	}
	s = ack([]byte{255}, dt.OptTime(51, 60)) // what is behind END is nothing
	if r := parse(t, s); r.HasLeaseTime {
		t.Errorf("read behind END: %+v", r)
	}
}

// A fixed-length option that is too short, or in two halves, is ignored; the rest stands
// (CVE-2009-0692, CVE-2018-20679, CVE-2019-5747).
func TestMalformedFixed(t *testing.T) {
	mask := []byte{255, 255, 255, 0}
	for code, right := range map[byte][]byte{1: mask, 26: {5, 0}, 51: mask, 54: {192, 0, 2, 1}, 58: mask, 59: mask, 108: mask} {
		dns := dt.OptAddr(6, "192.0.2.53")
		for n := range right {
			checkIgnored(t, ack(dt.Opt(code, right[:n]...), dns))
		}
		half := len(right) / 2
		checkIgnored(t, ack(dt.Opt(code, right[:half]...), dt.Opt(code, right[half:]...), dns))
	}
}

// A value that is too long counts by its beginning. dhclient and dhcpcd read a time of five bytes, and they
// and udhcpc a type of two.
func TestTooLong(t *testing.T) {
	t.Parallel()
	for more := 1; more < 200; more += 33 {
		long := func(code byte, v ...byte) []byte { return dt.Opt(code, append(v, make([]byte, more)...)...) }
		s := ack(long(1, 255, 255, 255, 0), long(26, 5, 0), long(51, 0, 0, 14, 16), long(54, 192, 0, 2, 1), long(58, 0, 0, 0, 9), dt.OptTime(51, 60))
		s.Options[0] = long(53, 5)
		r := parse(t, s)
		if r.Type != dhcp4.Ack || r.LeaseTime != 3600 || r.Server != server || r.Mask != 24 || r.MTU != 1280 || r.T1 != 9 {
			t.Errorf("%d bytes more: %+v", more, r)
		}
	}
}

// dnsmasq with dhcp-option=51,… or 54,… sends it beside its own.
func TestFirstWholeCopyCounts(t *testing.T) {
	t.Parallel()
	r := parse(t, ack(
		dt.Opt(51, 1, 2), dt.OptTime(51, 3600), dt.OptTime(51, 60), dt.OptAddr(54, "192.0.2.1"), dt.OptAddr(54, "192.0.2.7"),
		dt.Opt(1, 255, 255, 255, 0), dt.Opt(1, 255, 0, 0, 0), dt.Opt(26, 5, 0), dt.Opt(26, 5, 5), dt.OptText(15, "a.example"),
		dt.OptText(15, "b.example"), dt.Opt(61, 1, 2), dt.Opt(61, 1, 2), dt.OptAddr(6, "192.0.2.53"), dt.OptAddr(6, "192.0.2.54"), dt.Opt(53, 2),
	))
	if r.Type != dhcp4.Ack || r.LeaseTime != 3600 || r.Server != server || r.Mask != 24 || r.MTU != 1280 || r.Domain != "a.example" ||
		string(r.ClientID) != "\x01\x02" || len(r.DNS) != 2 {
		t.Errorf("%+v", r)
	}
}

// What comes after the options that decide about the lease is not worth it.
func TestMalformedRest(t *testing.T) {
	t.Parallel()
	vital := [][]byte{dt.OptAddr(54, "192.0.2.1"), dt.OptTime(51, 60), dt.Opt(1, 255, 255, 255, 0)}
	for name, rest := range map[string][]byte{
		"a cut option": {6, 4, 192, 0, 2}, "a code": {224}, "a cut length": {125, 40, 0, 0, 0, 9},
	} {
		for without := range append(vital, nil) {
			opts := slices.Clone(vital)
			if without < len(vital) {
				opts = slices.Delete(opts, without, without+1)
			}
			s := ack(append(opts, rest)...)
			s.NoEnd = true
			if r, err := dhcp4.Parse(s.Bytes()); (err == nil) != (without == 3) || err == nil && r.LeaseTime != 60 {
				t.Errorf("%s, without %d: %+v, %v", name, without, r, err)
			}
		}
	}
}

// Servers set option 52 to 3 and fill sname and file with names all the same.
func TestNamesInOverloadedFields(t *testing.T) {
	t.Parallel()
	vital := [][]byte{dt.Opt(52, 3), dt.OptAddr(54, "192.0.2.1"), dt.OptTime(51, 60), dt.Opt(1, 255, 255, 255, 0)}
	s := ack(append(vital, dt.OptAddr(3, "192.0.2.1"))...)
	s.SName, s.File = []byte("server.example.net"), []byte("pxelinux.0")
	if r, err := dhcp4.Parse(s.Bytes()); err != nil || r.Server != server || len(r.Routes) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	s.Options = s.Options[:len(vital)-1] // one may lie where the names are
	if _, err := dhcp4.Parse(s.Bytes()); err == nil {
		t.Error("taken without a mask")
	}
}

// The copies of a list are its parts. Where they make no whole list, each copy is one.
func TestListTwice(t *testing.T) {
	t.Parallel()
	dns := func(opts ...[]byte) []string {
		var out []string
		for _, a := range parse(t, ack(opts...)).DNS {
			out = append(out, a.String())
		}
		return out
	}
	search := func(opts ...[]byte) []string { return parse(t, ack(opts...)).Search }
	for name, c := range map[string]struct{ got, want []string }{
		"two lists":           {dns(dt.OptAddr(6, "192.0.2.53"), dt.OptAddr(6, "192.0.2.54")), []string{"192.0.2.53", "192.0.2.54"}},
		"in the middle":       {dns(dt.Opt(6, 192, 0), dt.Opt(6, 2, 53)), []string{"192.0.2.53"}},
		"a byte too many":     {dns(dt.Opt(6, 192, 0, 2, 53, 198), dt.OptAddr(6, "192.0.2.54")), []string{"192.0.2.53", "192.0.2.54"}},
		"a short one first":   {dns(dt.Opt(6, 198), dt.OptAddr(6, "192.0.2.54")), []string{"192.0.2.54"}},
		"one server twice":    {dns(dt.OptAddr(6, "192.0.2.53"), dt.OptAddr(6, "192.0.2.53")), []string{"192.0.2.53"}},
		"two search lists":    {search(dt.OptText(119, "\x03lan\x00"), dt.OptText(119, "\x03net\x00")), []string{"lan", "net"}},
		"names in the middle": {search(dt.OptText(119, "\x03lan"), dt.OptText(119, "\x03net\x00\x01a\xc0\x00")), []string{"lan.net", "a.lan.net"}},
		"a stray byte":        {search(dt.OptText(119, "\x03lan\x00\x09"), dt.OptText(119, "\x03net\x00\x03lan\x00")), []string{"lan", "net"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}

func checkIgnored(t *testing.T, s dt.Server) {
	t.Helper()
	r := parse(t, s)
	if r.Mask != dhcp4.NoMask || r.MTU != 0 || r.HasLeaseTime || r.Server.IsValid() || r.HasT1 || r.HasT2 || r.HasV6OnlyWait {
		t.Errorf("% x: taken: %+v", s.Options[1], r)
	}
	if len(r.DNS) != 1 {
		t.Errorf("% x: the rest was lost: %+v", s.Options[1], r)
	}
}
