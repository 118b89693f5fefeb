// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const (
	// claimTime is how long a claim counts.
	claimTime = time.Minute
	// proxyAddrs is how many addresses a machine claims in that time that is a proxy (RFC
	// 1027), or that wants no container to start.
	proxyAddrs = 3
	// proxyTime is how long a proxy is known after its last claim.
	proxyTime = time.Hour
	// maxClaimants bounds the memory.
	maxClaimants = 256
)

// Claim is how another machine's claim to an address is to be taken.
type Claim struct {
	// Proxy says that the machine claims one address after the other: its claim is no
	// conflict. News says that this was not known before.
	Proxy, News bool
	// Again says that the machine claimed another address a moment ago.
	Again bool
	// Decline says that a DECLINE is allowed.
	Decline bool
}

// Claimed notes that the machine with that MAC uses an address, or probes for it, and judges
// the claim. Who answers for every address must not decide whether containers start: from
// the third address within a minute on, the machine's claims do not count, and addresses
// that it claimed before are not refused for it any more. With proxy, it is known already that
// the machine answers for others.
func (m *Member) Claimed(addr netip.Addr, from net.HardwareAddr, proxy bool) Claim {
	l := m.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	c, before := l.claims.add(now, macOf(from), addr, proxy)
	switch {
	case c.News:
		for _, a := range before {
			delete(l.inUse, a)
		}
	case !c.Proxy:
		c.Decline = l.inUse.add(now, addr, theirs)
	}
	return c
}

// claims are the machines that claimed addresses lately. It is pure.
type claims map[mac]*claimant

type claimant struct {
	addrs []claimed // none of a proxy
	proxy bool
	until clock.Instant // when it is forgotten
}

type claimed struct {
	addr  netip.Addr
	until clock.Instant // when the claim is forgotten
}

// add notes a claim, and returns the machine's earlier addresses. A MAC of another length
// than Ethernet's is no machine.
func (c claims) add(now clock.Instant, from mac, addr netip.Addr, proxy bool) (judged Claim, before []netip.Addr) {
	c.forget(now)
	m := c[from]
	if m == nil {
		if m = new(claimant); from != (mac{}) && len(c) < maxClaimants {
			c[from] = m
		}
	}
	if m.proxy {
		m.until = now.Add(proxyTime)
		return Claim{Proxy: true}, nil
	}
	before = m.claim(now, addr)
	if !proxy && len(before)+1 < proxyAddrs {
		return Claim{Again: len(before) > 0}, before
	}
	*m = claimant{proxy: true, until: now.Add(proxyTime)}
	return Claim{Proxy: true, News: true}, before
}

// claim notes an address, and returns the others that are not forgotten.
func (m *claimant) claim(now clock.Instant, addr netip.Addr) (others []netip.Addr) {
	var all []claimed
	for _, c := range m.addrs {
		if c.addr != addr && now < c.until {
			all, others = append(all, c), append(others, c.addr)
		}
	}
	m.until = now.Add(claimTime)
	m.addrs = append(all, claimed{addr, m.until})
	return others
}

func (c claims) forget(now clock.Instant) {
	for from, m := range c {
		if now >= m.until {
			delete(c, from)
		}
	}
}
