// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/lease4"
)

// Each ACK of a public capture is a lease of its address by its server, if the server has offered the
// same before, and each OFFER is asked for. One has a mask that a fuzzer has spoilt.
func TestCapturesBind(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "../dhcp4/testdata") {
		w := newWorld(t, lease4.Config{})
		w.step(lease4.Started{})
		r, err := dhcp4.Parse(dhcp4test.Rebuild(t, c, w.m.XID(), id.MAC))
		if err != nil || r.Type == dhcp4.Nak {
			continue
		}
		typ, want := r.Type, "REQUEST,r,s"
		if r.Mask == dhcp4.BadMask {
			want = "Report"
		}
		if r.ClientID != nil {
			r.ClientID = cid // the filler's place
		}
		r.Type = dhcp4.Offer
		if got := show(w.step(lease4.ReplyReceived{Reply: r})); got != want {
			t.Errorf("%s: OFFER of %+v: %s, want %s", c.Source, r, got, want)
		}
		if typ != dhcp4.Ack || want == "Report" {
			continue
		}
		r.Type, r.XID = dhcp4.Ack, w.m.XID()
		got := show(w.step(lease4.ReplyReceived{Reply: r}))
		if got != "Bind Announce" || w.held.Addr.Addr() != r.Your || w.held.Server != r.Server || len(w.held.Routes) != len(r.Routes) {
			t.Errorf("%s: ACK of %+v: %s, %+v", c.Source, r, got, w.held)
		}
	}
}
