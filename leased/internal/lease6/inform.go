// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// The time after which the information is asked for again, by option 32.
const (
	refreshDefault = 24 * time.Hour     // RFC 8415 §7.6, IRT_DEFAULT
	refreshMin     = 600 * time.Second  // IRT_MINIMUM
	refreshMax     = 7 * 24 * time.Hour // ours; infinity is allowed, but would keep DNS servers that have moved
)

// informed takes the REPLY to INFORMATION-REQUEST (RFC 8415 §18.2.10.4).
func (m *Machine) informed(now clock.Instant, r ReplyReceived) {
	if r.Status != dhcp6.Success {
		m.ignore(r, refusal(r))
		return
	}
	again := m.sent.Add(refresh(r))
	m.bind(Lease{Server: r.Server, Start: m.sent, T1: again, T2: clock.Never, DNS: r.DNS, Search: r.Search})
	if m.rest(Informed, again); now >= again { // the server was away for longer than that
		m.enter(now, Informing)
	}
}

func refresh(r ReplyReceived) time.Duration {
	if !r.HasRefresh {
		return refreshDefault
	}
	return min(max(seconds(r.Refresh), refreshMin), refreshMax)
}
