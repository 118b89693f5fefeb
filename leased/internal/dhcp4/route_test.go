// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// route reads "dst via router" or "dst" alone, which is on-link.
func route(s string) dhcp4.Route {
	dst, via, ok := strings.Cut(s, " via ")
	r := dhcp4.Route{Dst: netip.MustParsePrefix(dst)}
	if ok {
		r.Via = netip.MustParseAddr(via)
	}
	return r
}

var (
	opt3     = dt.OptAddr(3, "192.0.2.1", "192.0.2.2")
	opt33    = dt.OptAddr(33, "10.1.2.3", "192.0.2.3")
	opt121   = dt.Opt(121, 24, 198, 51, 100, 192, 0, 2, 4)
	opt249   = dt.Opt(249, 16, 172, 16, 192, 0, 2, 5)
	default3 = "0.0.0.0/0 via 192.0.2.1"
)

func TestRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		opts [][]byte
		want []string
	}{
		"none":           {nil, nil},
		"3":              {[][]byte{opt3}, []string{default3}},
		"33 and 3":       {[][]byte{opt3, opt33}, []string{"10.0.0.0/8 via 192.0.2.3", default3}},
		"121 over all":   {[][]byte{opt3, opt33, opt249, opt121}, []string{"198.51.100.0/24 via 192.0.2.4"}},
		"249 over 3":     {[][]byte{opt3, opt33, opt249}, []string{"172.16.0.0/16 via 192.0.2.5"}},
		"121 cut":        {[][]byte{dt.Opt(121, opt121[2:8]...), opt3}, []string{default3}},
		"121 cut, 249":   {[][]byte{dt.Opt(121, 24), opt249, opt3}, []string{"172.16.0.0/16 via 192.0.2.5"}},
		"121 width 33":   {[][]byte{dt.Opt(121, 33, 1, 2, 3, 4, 5, 192, 0, 2, 1), opt3}, []string{default3}},
		"121 width 255":  {[][]byte{dt.Opt(121, 255, 1, 2, 3, 4), opt3}, []string{default3}},
		"121 default":    {[][]byte{dt.Opt(121, 0, 192, 0, 2, 9), opt3}, []string{"0.0.0.0/0 via 192.0.2.9"}},
		"121 on-link":    {[][]byte{dt.Opt(121, 32, 192, 0, 2, 1, 0, 0, 0, 0)}, []string{"192.0.2.1/32"}},
		"121 stray bits": {[][]byte{dt.Opt(121, 20, 10, 1, 255, 192, 0, 2, 1)}, []string{"10.1.240.0/20 via 192.0.2.1"}},
		"121 halves": {
			[][]byte{dt.Opt(121, 1, 0, 192, 0, 2, 1, 1, 128, 192, 0, 2, 1)},
			[]string{"0.0.0.0/1 via 192.0.2.1", "128.0.0.0/1 via 192.0.2.1"},
		},
		"121 twice the same": {
			[][]byte{dt.Opt(121, 8, 10, 192, 0, 2, 1, 8, 10, 192, 0, 2, 2)}, []string{"10.0.0.0/8 via 192.0.2.1"},
		},
		"121 split in the middle": {
			[][]byte{dt.Opt(121, opt121[2:5]...), opt3, dt.Opt(121, opt121[5:]...)},
			[]string{"198.51.100.0/24 via 192.0.2.4"},
		},
		"121 of what is not ours": {
			[][]byte{dt.Opt(121, join(
				[]byte{4, 224, 192, 0, 2, 1}, []byte{24, 239, 1, 1, 192, 0, 2, 1}, []byte{8, 127, 192, 0, 2, 1},
				[]byte{32, 127, 0, 0, 1, 192, 0, 2, 1}, []byte{8, 0, 192, 0, 2, 1},
				[]byte{32, 255, 255, 255, 255, 192, 0, 2, 1}, []byte{8, 10, 224, 0, 0, 1}, []byte{8, 10, 255, 255, 255, 255},
				[]byte{8, 10, 127, 0, 0, 1},
			)...), opt3}, nil, // and there was a 121, so no 3
		},
		"33 of what is not ours": {
			[][]byte{dt.OptAddr(33, "0.0.0.0", "192.0.2.1", "224.0.0.1", "192.0.2.1", "127.0.0.1", "192.0.2.1", "172.16.1.1", "192.0.2.1")},
			[]string{"172.16.0.0/16 via 192.0.2.1"},
		},
		"3 twice":              {[][]byte{dt.OptAddr(3, "192.0.2.1"), dt.OptAddr(3, "192.0.2.2")}, []string{default3}},
		"3 ourselves first":    {[][]byte{dt.OptAddr(3, "192.0.2.9", "192.0.2.1")}, []string{default3}},
		"3 ourselves alone":    {[][]byte{dt.OptAddr(3, "192.0.2.9")}, []string{"0.0.0.0/0 via 192.0.2.9"}},
		"3 of zeros, then 3":   {[][]byte{dt.Opt(3, 0, 0, 0, 0), opt3}, []string{default3}},
		"3 and a byte, twice":  {[][]byte{dt.Opt(3, 0, 0, 0, 0, 9), opt3}, []string{default3}},
		"33 and a half, twice": {[][]byte{dt.OptAddr(33, "10.1.2.3", "192.0.2.3", "11.9.9.9"), dt.OptAddr(33, "172.16.0.0", "192.0.2.4")}, []string{"10.0.0.0/8 via 192.0.2.3", "172.16.0.0/16 via 192.0.2.4"}},
		"121 padded, then 121": {[][]byte{dt.Opt(121, join(opt121[2:], []byte{0})...), dt.Opt(121, 24, 203, 0, 113, 192, 0, 2, 5)}, []string{"198.51.100.0/24 via 192.0.2.4", "203.0.113.0/24 via 192.0.2.5"}},
		"121 cut, then 121":    {[][]byte{dt.Opt(121, opt121[2:8]...), opt121}, []string{"198.51.100.0/24 via 192.0.2.4"}},
		"249 twice":            {[][]byte{opt249, dt.Opt(249, opt121[2:]...)}, []string{"172.16.0.0/16 via 192.0.2.5", "198.51.100.0/24 via 192.0.2.4"}},
		"33 odd":               {[][]byte{dt.OptAddr(33, "10.1.2.3", "192.0.2.3", "10.9.9.9"), opt3}, []string{"10.0.0.0/8 via 192.0.2.3", default3}},
		"121 padded": {
			[][]byte{dt.Opt(121, join(opt121[2:], []byte{0, 192, 0, 2, 9, 0, 0, 0})...), opt3},
			[]string{"198.51.100.0/24 via 192.0.2.4", "0.0.0.0/0 via 192.0.2.9"},
		},
		"121 cut later": {[][]byte{dt.Opt(121, append(opt121[2:10:10], 24, 10, 1)...), opt3}, []string{"198.51.100.0/24 via 192.0.2.4"}},
		"121 of zeros":  {[][]byte{dt.Opt(121, 0, 0, 0, 0), opt3}, []string{default3}},
		"class E":       {[][]byte{dt.Opt(121, 8, 240, 192, 0, 2, 1), dt.OptAddr(3, "240.0.5.1")}, []string{"240.0.0.0/8 via 192.0.2.1"}},
		"3 of class E":  {[][]byte{dt.OptAddr(3, "240.0.5.1")}, []string{"0.0.0.0/0 via 240.0.5.1"}},
		"3 of 5 bytes":  {[][]byte{dt.Opt(3, 192, 0, 2, 1, 9)}, []string{default3}},
		"33 class C":    {[][]byte{dt.OptAddr(33, "192.168.7.9", "192.0.2.3")}, []string{"192.168.7.0/24 via 192.0.2.3"}},
		"3 cut":         {[][]byte{dt.Opt(3, 192, 0, 2)}, nil},
		"3 first bad":   {[][]byte{dt.OptAddr(3, "0.0.0.0", "255.255.255.255", "192.0.2.2")}, []string{"0.0.0.0/0 via 192.0.2.2"}},
		"3 none usable": {[][]byte{dt.OptAddr(3, "127.0.0.1")}, nil},
	} {
		var want []dhcp4.Route
		for _, s := range c.want {
			want = append(want, route(s))
		}
		if got := parse(t, ack(c.opts...)).Routes; !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestRoutesBounded(t *testing.T) {
	var opts [][]byte
	for i := range 3000 { // split as RFC 3396 says, 20 kB in all
		opts = append(opts, dt.Opt(121, 24, 10, byte(i>>8), byte(i), 192, 0, 2, 1))
	}
	got := parse(t, ack(opts...)).Routes
	if len(got) != dhcp4.MaxRoutes || got[1] != route("10.0.1.0/24 via 192.0.2.1") {
		t.Errorf("%d routes, the second %v", len(got), got[1])
	}
}

// A long option 33 must not push out the default route.
func TestRoutesBoundedClassful(t *testing.T) {
	opts := [][]byte{opt3}
	for i := range 100 {
		opts = append(opts, dt.Opt(33, byte(i+1), 1, 1, 1, 192, 0, 2, 1))
	}
	got := parse(t, ack(opts...)).Routes
	if len(got) != dhcp4.MaxRoutes || got[len(got)-1] != route(default3) {
		t.Errorf("%d routes, the last %v", len(got), got[len(got)-1])
	}
}
