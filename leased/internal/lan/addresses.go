// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net"
	"net/netip"
	"slices"
)

// SetAddr says which IPv4 address the member has; the zero Addr: none.
func (m *Member) SetAddr(addr netip.Addr) {
	l := m.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.addrs[m.addr] == m {
		delete(l.addrs, m.addr)
	}
	if m.addr.IsValid() && m.addr != addr {
		l.former.add(l.now(), owner{m.mac, m.addr})
	}
	if m.addr = addr; addr.IsValid() {
		l.addrs[addr] = m
	}
}

// Offered notes that a server was heard, and judges the address that the server named.
// refused reports that the address must not be used: it was found in use lately, or
// another client among our containers has it now. decline reports that a DECLINE is
// allowed, as it always is for an address that was found in use before. check says that the attachment checks for conflicts. Without the check only our
// own containers count.
func (m *Member) Offered(addr netip.Addr, check bool) (refused, decline bool) {
	l := m.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.servers.heardAt = now
	other := l.addrs[addr]
	switch {
	case check && l.inUse.has(now, addr):
		return true, true
	case other != nil && other.client != m.client:
		return true, l.inUse.add(now, addr, ours)
	}
	return false, false
}

// IsOurs reports whether an ARP message about addr, from a machine with that MAC, came from
// one of our containers and so is not a conflict. There are three cases.
//
// Another interface of the same container: Linux answers ARP for each of its addresses
// on each of its interfaces, and on a busy machine an address is there before the probe
// for it was looked at.
//
// Another container that was offered the same address (dnsmasq does that under load) and
// probes for it: the server knows which of them gets the lease, and Offered refuses the
// address of a container that has it already.
//
// A container that had addr and is gone: another machine of the LAN answers for it.
//
// A container on another LAN that has addr is a conflict: both host interfaces lead to
// one network.
func (m *Member) IsOurs(addr netip.Addr, mac net.HardwareAddr) bool {
	living := m.lan.all.living(mac)
	if len(living) == 0 {
		return m.had(addr, macOf(mac))
	}
	return slices.ContainsFunc(living, func(other *Member) bool {
		return other != m && (other.cookie == m.cookie || other.lan == m.lan || other.address() != addr)
	})
}

// had reports whether a container with that MAC had addr lately.
func (m *Member) had(addr netip.Addr, from mac) bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.former.has(m.lan.now(), owner{from, addr})
}

func (m *Member) address() netip.Addr {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.addr
}
