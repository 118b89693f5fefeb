// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const (
	// formerMACTime is how long the LAN is expected to remember a MAC that is gone.
	formerMACTime = 24 * time.Hour
	// maxFormerMACs bounds the memory.
	maxFormerMACs = 256
)

// formerMACs are the addresses that our containers had lately, by MAC. Access points, switches and
// routers answer ARP for the hosts that they know (proxy ARP, neighbor suppression), and so for
// a container under the MAC that it had before: another mac=, another name, mac=random. It is
// pure.
type formerMACs map[owner]clock.Instant // when it is forgotten

type owner struct {
	mac  mac
	addr netip.Addr
}

// add notes that a container had an address until now. The oldest owner makes room.
func (f formerMACs) add(now clock.Instant, o owner) {
	if _, had := f[o]; !had && len(f) >= maxFormerMACs {
		delete(f, f.oldest())
	}
	f[o] = now.Add(formerMACTime)
}

func (f formerMACs) oldest() (first owner) {
	end := clock.Never
	for o, until := range f {
		if until < end {
			first, end = o, until
		}
	}
	return first
}

func (f formerMACs) has(now clock.Instant, o owner) bool { return now < f[o] }
