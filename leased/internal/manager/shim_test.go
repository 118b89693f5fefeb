// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/shim"
)

// The lease of a shim is confirmed at T1: the answer to a renewal would not come in by its link. Its
// address is told as long as there is the lease.
func TestLeaseOfAShim(t *testing.T) {
	inWorld(t, func(w *world) {
		told := map[string]shim.Use{}
		w.m.cfg.Shim = func(key string, u shim.Use) { told[key] = u }
		if err := w.m.LeaseShim(context.Background(), "br0", nil, w.space(9, nil).Wanted.Netns); err != nil {
			t.Fatal(err)
		}
		w.pass(10 * time.Hour)
		if w.log.has("state=RENEWING") || w.log.count("state=REBOOTING from=BOUND") < 10 {
			t.Errorf("the log says\n%s", w.log.all())
		}
		for key, u := range told {
			if u.Host != "br0" || u.Own.IsValid() || !u.Addr.IsValid() || !u.Lease {
				t.Errorf("told %+v of %q", u, key)
			}
		}
		if err := w.m.ReturnShim(context.Background(), "br0"); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Second)
		for _, u := range told {
			if u != (shim.Use{}) {
				t.Errorf("told %+v at last", u)
			}
		}
		if len(told) != 1 || w.m.Len() != 0 {
			t.Errorf("told of %d attachments, and %d are left", len(told), w.m.Len())
		}
	})
}
