// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// nakWait is how long the lease's own server has to contradict the NAK of another one.
const nakWait = 100 * time.Millisecond

// denied takes a NAK. Where all servers were asked, any may refuse (RFC 2131 §4.4.5). But of two
// servers that share a range some refuse the leases of the other (iPXE #798), and may be faster.
func (m *Machine) denied(now clock.Instant, r ReplyReceived) {
	switch {
	case !m.from(r.Server):
		m.ignore(r, "not from our server")
	case m.state == Requesting || r.Server == m.lease.Server:
		m.deny(now, r.Reply)
	case m.nak == nil:
		m.nak, m.deadline = &r.Reply, min(m.deadline, now.Add(nakWait))
	}
}

// deny gives up what a NAK refuses.
func (m *Machine) deny(now clock.Instant, r dhcp4.Reply) {
	m.report("server refused the address", fmt.Sprintf("%s: %q", r.Server, r.Text))
	if m.bound {
		m.unbind("server refused the address")
		m.began = now
	} else {
		m.hint = m.cfg.Requested // the refused address only if the configuration asks for it
		m.forget(m.offer.addr)
	}
	m.refused(now)
}

// from reports whether the server s may refuse in this state: the selected server, the
// lease's server, or any server if all were asked.
func (m *Machine) from(s netip.Addr) bool {
	switch m.state {
	case Requesting:
		return s == m.offer.server
	case Renewing:
		return s == m.lease.Server
	case Rebooting, Rebinding:
		return s.IsValid() // a MUST of table 3
	case Init, Selecting, Probing, Bound, Stopped:
	}
	return false
}
