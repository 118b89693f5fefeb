// SPDX-License-Identifier: Apache-2.0

package dhcp6_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp6"
	dt "podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

// Each message with each of its options left out, twice, and with each that is not its own.
func TestCheckPresence(t *testing.T) {
	optional := map[uint16][]dhcp6.Type{
		1:  {dhcp6.InformationRequest},
		14: {dhcp6.Solicit},
		15: {
			dhcp6.Solicit, dhcp6.Request, dhcp6.Confirm, dhcp6.Renew, dhcp6.Rebind, dhcp6.Release, dhcp6.Decline, dhcp6.InformationRequest,
		},
		39: {dhcp6.Solicit, dhcp6.Request, dhcp6.Renew, dhcp6.Rebind},
	}
	for _, c := range messages {
		good := full.Marshal(c.m)
		opts, err := dt.Options(good[4:])
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range opts {
			left, ok := good[:4:4], slices.Contains(optional[o.Code], c.m.Type)
			for j, o := range opts {
				if i != j {
					left = append(left, dt.Opt(o.Code, o.Value...)...)
				}
			}
			if err := dt.Check(left); (err == nil) != ok {
				t.Errorf("%s without option %d: %v", c.name, o.Code, err)
			}
			if dt.Check(join(good, dt.Opt(o.Code, o.Value...))) == nil {
				t.Errorf("%s with option %d twice: no error", c.name, o.Code)
			}
		}
		for _, foreign := range []uint16{0, 4, 5, 7, 9, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25, 32, 82, 83, 0xffff} {
			if dt.Check(join(good, dt.Opt(foreign, 0, 0, 0, 1))) == nil {
				t.Errorf("%s with option %d: no error", c.name, foreign)
			}
		}
	}
}

// What is one message's option is no other's.
func TestCheckForeign(t *testing.T) {
	own := map[uint16][]byte{2: dt.Opt(2, server...), 3: dt.OptIA(iaid, 0, 0), 6: dt.Opt(6, 0, 82), 14: dt.Opt(14), 39: dt.Opt(39, 1, 1, 'a')}
	for name, codes := range map[string][]uint16{
		"SOLICIT": {2}, "REQUEST": {14}, "CONFIRM": {2, 6, 14, 39}, "RENEW": {14}, "REBIND": {2, 14},
		"RELEASE": {6, 14, 39}, "DECLINE": {6, 14, 39}, "INFORMATION-REQUEST": {2, 3, 14, 39},
	} {
		for _, c := range codes {
			if dt.Check(join(plain.Marshal(message(t, name)), own[c])) == nil {
				t.Errorf("%s with option %d: no error", name, c)
			}
		}
	}
}

func TestCheckFindsMistakes(t *testing.T) {
	head := []byte{1, 0, 0, 7}
	id, ia, wish, elapsed := dt.Opt(1, duid...), dt.OptIA(iaid, 0, 0, dt.OptIAAddr("2001:db8::9", 0, 0)), dt.Opt(6, 0, 82), dt.Opt(8, 0, 0)
	if err := dt.Check(join(head, id, ia, wish, elapsed)); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "no header": head[:3], "type 0": {0, 0, 0, 7},
		"ADVERTISE": join([]byte{2, 0, 0, 7}, id, ia, wish, elapsed), "xid": join([]byte{1, 0, 0, 0}, id, ia, wish, elapsed),
		"a byte behind": join(head, id, ia, wish, elapsed, []byte{0}), "beyond its end": join(head, id, ia, wish, elapsed[:5]),
		"too long":     join(head, id, ia, wish, elapsed, dt.Opt(15, append([]byte{5, 20}, make([]byte, 1300)...)...)),
		"DUID of 2":    join(head, dt.Opt(1, 0, 4), ia, wish, elapsed),
		"DUID of 131":  join(head, dt.Opt(1, make([]byte, 131)...), ia, wish, elapsed),
		"elapsed of 1": join(head, id, ia, wish, dt.Opt(8, 0)), "rapid commit of 1": join(head, id, ia, wish, elapsed, dt.Opt(14, 0)),
	} {
		if dt.Check(b) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, wish := range map[string][]byte{
		"empty": {}, "odd": {0, 82, 0}, "without 82": {0, 23}, "with 1": {0, 82, 0, 1},
		"with 14": {0, 14, 0, 82}, "with 32": {0, 82, 0, 32}, "82 twice": {0, 82, 0, 82},
	} {
		if dt.Check(join(head, id, ia, dt.Opt(6, wish...), elapsed)) == nil {
			t.Errorf("option 6 %s: no error", name)
		}
	}
	for n, ia := range badAssociations() {
		if dt.Check(join(head, id, ia, wish, elapsed)) == nil {
			t.Errorf("IA_NA %d, % x: no error", n, ia)
		}
	}
	for _, v := range []string{
		"", "\x01", "\x00\x01a", "\x05\x01a", "\x03\x01a", "\x01\x00", "\x01\x01a\x00\x00", "\x01\x02a", "\x01\xc0\x00", "\x01\x40" + string(make([]byte, 64)),
	} {
		if dt.Check(join(head, id, ia, wish, elapsed, dt.Opt(39, []byte(v)...))) == nil {
			t.Errorf("option 39 %q: no error", v)
		}
	}
	for _, v := range []string{"", "\x00", "\x00\x00", "\x00\x02a", "\x00\x01a\x00"} {
		if dt.Check(join(head, id, ia, wish, elapsed, dt.Opt(15, []byte(v)...))) == nil {
			t.Errorf("option 15 %q: no error", v)
		}
	}
}

func badAssociations() (out [][]byte) {
	for _, a := range []string{"::", "::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1"} {
		out = append(out, dt.OptIA(iaid, 0, 0, dt.OptIAAddr(a, 0, 0)))
	}
	nine := dt.OptIAAddr("2001:db8::9", 0, 0)
	return append(out, dt.OptIA(iaid, 1, 0), dt.OptIA(iaid, 0, 1), dt.Opt(3, make([]byte, 11)...), dt.OptIA(iaid, 0, 0, []byte{0}),
		dt.OptIA(iaid, 0, 0, dt.OptIAAddr("2001:db8::9", 1, 0)), dt.OptIA(iaid, 0, 0, dt.OptIAAddr("2001:db8::9", 0, 1)),
		dt.OptIA(iaid, 0, 0, nine, nine), dt.OptIA(iaid, 0, 0, dt.OptStatus(0, "")), dt.OptIA(iaid, 0, 0, dt.Opt(5, make([]byte, 23)...)),
		dt.OptIA(iaid, 0, 0, dt.OptIAAddr("2001:db8::9", 0, 0, dt.OptStatus(0, ""))))
}

// CONFIRM, RELEASE and DECLINE are about addresses (§18.2.3, §18.2.7, §18.2.8).
func TestCheckWantsAddresses(t *testing.T) {
	for _, c := range messages {
		c.m.Addrs = nil
		about := slices.Contains([]dhcp6.Type{dhcp6.Confirm, dhcp6.Release, dhcp6.Decline}, c.m.Type)
		if err := dt.Check(full.Marshal(c.m)); (err != nil) != about {
			t.Errorf("%s without addresses: %v", c.name, err)
		}
	}
}

// All that is wrong is said, for whom it concerns.
func TestCheckSaysAll(t *testing.T) {
	err := dt.Check([]byte{8, 0, 0, 0})
	for _, want := range []string{"RELEASE", "option 1 ", "option 2 ", "option 3 ", "option 8 ", "transaction ID"} {
		if !bytes.Contains([]byte(fmt.Sprint(err)), []byte(want)) {
			t.Errorf("%v: no %s", err, want)
		}
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
