// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net/netip"
	"testing"
	"time"
)

func TestRefusedFor300Seconds(t *testing.T) {
	t.Parallel()
	r, addr := refusals{}, netip.MustParseAddr("192.0.2.9")
	if r.has(start, addr) || !r.add(start, addr, theirs) {
		t.Error("the first is not declined")
	}
	if !r.has(start.Add(299*time.Second), addr) || r.has(start.Add(300*time.Second), addr) {
		t.Error("not refused for 300 s")
	}
}

func TestDeclinesAreLimited(t *testing.T) {
	t.Parallel()
	r, addr := refusals{}, netip.MustParseAddr("192.0.2.0")
	declined := 0
	for i := range 10_000 {
		addr = addr.Next()
		if r.add(start.Add(time.Duration(i)*time.Millisecond), addr, theirs) {
			declined++
		}
	}
	if declined != maxDeclines || len(r) > maxRefused {
		t.Errorf("%d declined, %d remembered", declined, len(r))
	}
	if !r.add(start.Add(time.Hour), addr, theirs) || len(r) != 1 {
		t.Error("not forgotten after an hour")
	}
}
