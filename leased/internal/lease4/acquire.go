// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"math"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// offer is the address and server that REBOOTING and REQUESTING ask for.
type offer struct {
	addr, server netip.Addr
	secs         uint16
	broadcast    bool // the reply is to be broadcast
}

const (
	// firstWait is the time to the second DISCOVER or REQUEST. RFC 2131 §4.1 suggests 4
	// s (SHOULD). We wait less: a container's start waits for the answer, and a LAN
	// loses a frame within milliseconds. From here on the backoff doubles as in the RFC.
	firstWait = time.Second
	lastWait  = 64 * time.Second

	// maxRequests is how many REQUESTs a server that made an OFFER may leave
	// unanswered, 15 s in all, before we look for another (RFC 2131 §3.1(5)).
	maxRequests = 4

	// plainTries is how many DISCOVERs or REQUESTs are answered by unicast, which a packet socket
	// hears, and which floods no bridge. From then on the reply is to be a broadcast: relays, bridges
	// of Wi-Fi and switches lose a unicast to a host that has no address yet.
	plainTries = 2

	// maxPause bounds the pause after NAKs; there is none after the first.
	maxPause = 60 * time.Second
)

// acquire starts looking for a lease.
func (m *Machine) acquire(now clock.Instant) {
	m.began = now
	m.discover(now)
}

// discover enters SELECTING. It leaves out the random delay of 1–10 s that RFC 2131
// §4.4.1 recommends, as other clients do. The delay is meant for a building full of
// machines that boot at once. The LAN's gate handles that case, and the delay would make
// every container wait.
func (m *Machine) discover(now clock.Instant) {
	// With rapid commit the DISCOVER is the REQUEST, from which the lease counts.
	m.state, m.sent, m.arp, m.forgoing = Selecting, now, arp{}, false
	m.transact()
	m.sendDiscover(now)
}

func (m *Machine) sendDiscover(now clock.Instant) {
	m.offer = offer{secs: m.secs(now), broadcast: m.tries >= plainTries}
	m.send(netip.Addr{}, dhcp4.Message{
		Type: dhcp4.Discover, Secs: m.offer.secs, Requested: m.hint, RapidCommit: m.cfg.RapidCommit,
		Broadcast: m.offer.broadcast,
	})
	m.deadline = now.Add(m.backoff())
}

// sendSelect sends the REQUEST of REQUESTING, or gives up. secs is that of the
// DISCOVER (RFC 2131 §4.4.1, table 5).
func (m *Machine) sendSelect(now clock.Instant) {
	if m.tries == maxRequests {
		m.report("no answer to REQUEST", m.offer.server.String())
		m.discover(now)
		return
	}
	o := m.offer
	m.send(netip.Addr{}, dhcp4.Message{
		Type: dhcp4.Request, Secs: o.secs, Requested: o.addr, Server: o.server,
		Broadcast: o.broadcast || m.tries >= plainTries,
	})
	m.deadline = now.Add(m.backoff())
}

// send sends a message of the transaction in flight.
func (m *Machine) send(to netip.Addr, msg dhcp4.Message) {
	msg.XID, msg.V6Only = m.xid, m.cfg.V6Only
	m.acts = append(m.acts, Send{Message: msg, To: to})
	m.tries++
}

// secs is the time since acquisition or renewal began, in whole seconds, capped at the
// largest value that fits (RFC 2131 §2). It is never 0: there are servers and relays that wait
// for a client that has waited.
func (m *Machine) secs(now clock.Instant) uint16 {
	return uint16(min(max(now.Sub(m.began)/time.Second, 1), math.MaxUint16))
}

// backoff returns how long to wait for the answer to what was sent last: 1, 2, 4
// … 64 s, each give or take a quarter of itself or a second, whichever is less.
// The second is RFC 2131 §4.1's.
func (m *Machine) backoff() time.Duration {
	d := lastWait
	if n := m.tries - 1; n < 6 {
		d = firstWait << n
	}
	fuzz := min(d/4, time.Second)
	return d - fuzz + m.random(2*fuzz)
}

// random returns a time from 0 to most.
func (m *Machine) random(most time.Duration) time.Duration {
	return time.Duration(m.cfg.Rand() % uint64(most+1))
}

// freeNaks is how many NAKs in a row cost no time. Under load a server offers one
// address to two clients, sometimes repeatedly, and the loser did nothing wrong.
const freeNaks = 3

// refused starts over after a NAK: at once after the first NAKs, then after 1, 2, 4 … 60
// s.
func (m *Machine) refused(now clock.Instant) {
	m.naks++
	if m.naks <= freeNaks {
		m.discover(now)
		return
	}
	pause := maxPause
	if n := m.naks - freeNaks - 1; n < 6 {
		pause = time.Second << n
	}
	m.rest(Init, now.Add(pause))
}
