// SPDX-License-Identifier: Apache-2.0

package rtnetlink_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// The kernel of the tests may know no VLANs.
func TestBridge(t *testing.T) {
	t.Parallel()
	whole := []rtnetlink.Attr{
		rtnetlink.Uint32(1, 1500), rtnetlink.Uint32(5, 1), {Type: 7, Value: []byte{1}}, {Type: 39, Value: native.AppendUint16(nil, 4094)},
	}
	short := []rtnetlink.Attr{{Type: 1, Value: []byte{1}}, {Type: 7}, {Type: 39, Value: []byte{1}}}
	for _, c := range []struct {
		kind  string
		attrs []rtnetlink.Attr
		want  rtnetlink.Bridge
	}{
		{"bridge", whole, rtnetlink.Bridge{Delay: 15 * time.Second, VLANs: true, PVID: 4094}},
		{"bridge", short, rtnetlink.Bridge{}},
		{"bridge", nil, rtnetlink.Bridge{}},
		{"macvlan", whole, rtnetlink.Bridge{}},
	} {
		if l, err := parse(c.kind, c.attrs); err != nil || l.Bridge != c.want {
			t.Errorf("%s: read %+v, %v; want %+v", c.kind, l.Bridge, err, c.want)
		}
	}
}

// parse reads a link of that kind with that IFLA_INFO_DATA.
func parse(kind string, data []rtnetlink.Attr) (rtnetlink.Link, error) {
	var r rtnetlink.Request
	r.Add(unix.RTM_NEWLINK, 0, rtnetlink.LinkHeader(5, 0, 0), rtnetlink.Nested(unix.IFLA_LINKINFO,
		rtnetlink.Nested(unix.IFLA_INFO_DATA, data...), rtnetlink.String(unix.IFLA_INFO_KIND, kind)))
	answers, _ := rtnetlink.Take(1, 1, rtnetlink.Datagram(r, 1))
	return rtnetlink.ParseLink(answers[0].Body)
}

// The kernel of the tests may know no VLANs.
func TestVLANDevice(t *testing.T) {
	t.Parallel()
	id := rtnetlink.Attr{Type: 1, Value: native.AppendUint16(nil, 100)}
	for _, c := range []struct {
		kind  string
		attrs []rtnetlink.Attr
		want  uint16
	}{
		{"vlan", []rtnetlink.Attr{id, {Type: 5, Value: []byte{0x81, 0}}}, 100},
		{"vlan", []rtnetlink.Attr{{Type: 5, Value: []byte{0x81, 0}}, id}, 100},
		{"vlan", []rtnetlink.Attr{id, {Type: 5, Value: []byte{0x88, 0xa8}}}, 0},
		{"vlan", []rtnetlink.Attr{id}, 100}, // Linux before 3.10 knows no other protocol
		{"vlan", []rtnetlink.Attr{{Type: 1, Value: []byte{1}}, {Type: 5}}, 0},
		{"vlan", nil, 0},
		{"macvlan", []rtnetlink.Attr{id}, 0},
	} {
		if l, err := parse(c.kind, c.attrs); err != nil || l.VLAN != c.want {
			t.Errorf("%s %v: read %d, %v; want %d", c.kind, c.attrs, l.VLAN, err, c.want)
		}
	}
}
