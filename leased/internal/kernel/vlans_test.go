// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"log/slog"
	"testing"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/lab/testlan"
)

// Only links in a VLAN of a parent make leased look for devices, and it looks no longer than there
// are such.
func TestVLANsAreLookedForWhereThereAreSuch(t *testing.T) {
	t.Parallel()
	v := NewVLANs(testlan.New(t).Host.Open(), slog.New(slog.NewTextHandler(t.Output(), nil)))
	for _, s := range []struct {
		vlan     int
		onBridge bool
	}{{0, false}, {0, true}, {100, true}} {
		v.made(attach.Spec{VLAN: s.vlan}, s.onBridge)
		if v.ended(); len(v.news) != 0 {
			t.Errorf("%+v: leased looks for a device", s)
		}
	}
	v.made(attach.Spec{VLAN: 100}, false)
	for range 3 {
		v.ended()
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = v.Run(ctx) }()
	testlan.Eventually(t, "leased finds that there is none", func() bool { return !v.used.Load() })
	cancel()
	<-stopped
	if v.ended(); len(v.news) != 0 {
		t.Error("leased looks again")
	}
	var none *VLANs
	none.made(attach.Spec{VLAN: 100}, false)
	none.ended()
}
