// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"slices"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
	"podman-net-dhcp/leased/internal/lease6"
)

// What servers of public captures offer is asked for, and what they reply is a lease, or settings where
// there is no address in it. Messages without a server are those of fuzzers.
func TestCapturesBind(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "../dhcp6/testdata") {
		r, err := dhcp6.Parse(dhcp6test.Rebuild(t, c, 7, 1), dhcp6.Identity{DUID: duid, IAID: 1})
		if err != nil || r.Server == nil {
			continue
		}
		w, typ := newWorld(t, lease6.Config{}), r.Type
		var want, got []string
		answer := func(typ dhcp6.Type, then string) {
			r.Type, r.XID, r.Client, r.Preference = typ, w.m.XID(), duid, 255
			want, got = append(want, then), append(got, show(w.step(lease6.ReplyReceived{Reply: r})))
		}
		switch {
		case len(r.Addrs) > 0:
			w.want()
			answer(dhcp6.Advertise, "REQUEST,s,a")
			if typ == dhcp6.ReplyType {
				answer(typ, "Bind,1")
			}
		case typ == dhcp6.Advertise:
			w.want()
			answer(typ, "Report")
		default:
			w.inform()
			answer(typ, "Bind,0")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v: %q, want %q", c.Source, r, got, want)
		}
	}
}
