// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"fmt"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// minV6OnlyWait is RFC 8925 §3.4's MIN_V6ONLY_WAIT.
const minV6OnlyWait = 300 * time.Second

// forgoes does without IPv4 for the time that option 108 of an OFFER or ACK gives, if we
// asked for option 108. It reports whether it does. While an address is in use, a
// renewal goes on (RFC 8925 §3.2, SHOULD). The OFFER need not have an address.
func (m *Machine) forgoes(now clock.Instant, r ReplyReceived) bool {
	if !m.cfg.V6Only || !r.HasV6OnlyWait || m.bound || !dhcp4.Unicast(r.Server) {
		return false
	}
	wait := max(dhcp4.Seconds(r.V6OnlyWait), minV6OnlyWait)
	m.report("network is IPv6 only", fmt.Sprintf("%s says so; asking again in %s", r.Server, wait))
	m.lease = &none // nor may a remembered one be used
	m.rest(Init, now.Add(wait))
	m.forgoing = true
	return true
}

// Forgoes reports whether there is no lease because the network prefers IPv6 only
// (option 108).
func (m *Machine) Forgoes() bool { return m.forgoing && m.state == Init }
