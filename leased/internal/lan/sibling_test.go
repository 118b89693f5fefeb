// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net/netip"
	"testing"
)

func TestSibling(t *testing.T) {
	inWorld(t, func(w *world) {
		id := numbered("br0", 1)
		beside := numbered("br1", 2)
		beside.Cookie = id.Cookie // another network of the same container
		one, two, stranger := w.join(id), w.join(beside), w.join(numbered("br1", 3))
		two.SetAddr(addr)
		if !one.HasSibling(addr) || two.HasSibling(addr) || stranger.HasSibling(addr) || one.HasSibling(netip.MustParseAddr("192.0.2.200")) {
			t.Error("the container's other network is not told from strangers")
		}
		two.SetAddr(netip.Addr{})
		if one.HasSibling(addr) {
			t.Error("an address that is gone")
		}
	})
}
