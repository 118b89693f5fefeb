// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// Messages of public captures, rebuilt from their facts: of the test data of zeek/zeek,
// the-tcpdump-group/tcpdump, ntop/nDPI, systemd/systemd, OISF/suricata-verify and
// arkime/arkime, and of issues. Solicitations are there, too, and are no advertisements.
func TestCaptures(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "testdata") {
		a, err := Parse(rebuild(t, c))
		if got := found(a, err); got != c.Want {
			t.Errorf("%s: %.200s:\ngot  %s\nwant %s", c.Source, strings.Join(c.Facts, " "), got, c.Want)
		}
	}
}

// An advertisement that is cut within an option is refused, and at the end of one says no other prefix.
func TestCapturesCut(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "testdata") {
		b, from := rebuild(t, c)
		whole, err := Parse(b, from)
		for n := range b {
			a, cutErr := Parse(b[:n], from)
			if cutErr != nil || err != nil {
				continue
			}
			checkAdvertisement(t, a)
			if n%8 != 0 || a.Lifetime != whole.Lifetime || !slices.Equal(a.Prefixes, whole.Prefixes[:len(a.Prefixes)]) {
				t.Errorf("%s: the first %d of %d bytes say %s, and all say %s", c.Source, n, len(b), found(a, nil), found(whole, nil))
			}
		}
	}
}

// rebuild returns the message that has the facts of a capture, and its source.
func rebuild(t testing.TB, c testlan.Capture) ([]byte, netip.Addr) {
	t.Helper()
	from := router1
	if a := c.Field("from"); a != "" {
		from = addr(a)
	}
	flags, _ := strconv.ParseUint(c.Field("flags"), 16, 8)
	life, _ := strconv.ParseUint(c.Field("life"), 10, 16)
	b := ra(byte(flags), uint16(life), testlan.Rebuild{T: t, Option: option}.Options(c))
	fmt.Sscanf(c.Facts[0], "%d.%d", &b[0], &b[1])
	if n, err := strconv.Atoi(c.Field("short")); err == nil {
		b = b[:n]
	}
	return b, from
}

// option returns an option whose length is that of its value, or another in units of eight bytes.
func option(code uint16, val []byte, length int) []byte {
	if length < 0 {
		length = (2 + len(val)) / 8
	}
	return append([]byte{byte(code), byte(length)}, val...)
}

// found spells an advertisement as captures.txt does.
func found(a Advertisement, err error) string {
	if err != nil {
		_, why, _ := strings.Cut(err.Error(), ": ")
		return why
	}
	w := words{"RA"}
	w.add("managed", a.Managed, a.Managed)
	w.add("other", a.Other, a.Other)
	w.add("life", a.Lifetime, a.Lifetime != 0)
	w.add("preference", a.Preference, a.Preference != 0)
	for _, p := range a.Prefixes {
		auto := ""
		if p.Autonomous {
			auto = ",auto"
		}
		w.add("prefix", fmt.Sprintf("%s%s@%d/%d", p.Prefix, auto, p.Preferred, p.Valid), true)
	}
	for _, s := range a.DNS {
		w.add("dns", fmt.Sprintf("%s@%d", strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Addrs), " ", ","), "[]"), s.Lifetime), true)
	}
	for _, d := range a.Search {
		w.add("search", fmt.Sprintf("%s@%d", strings.Join(d.Names, ","), d.Lifetime), true)
	}
	return strings.Join(w, " ")
}

type words []string

func (w *words) add(key string, v any, there bool) {
	if there {
		*w = append(*w, fmt.Sprintf("%s=%v", key, v))
	}
}
