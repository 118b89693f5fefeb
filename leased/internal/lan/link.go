// SPDX-License-Identifier: Apache-2.0

package lan

import "net/netip"

// LinkChanged says what keeps the host interface of those LANs from them, as a user reads it:
// "no carrier on eth0"; empty: nothing. If it is back, after a time without it, the routers
// there may be other ones, and a LAN's router listener may have gone with it: whoever
// subscribes next opens another one.
func (l *LANs) LinkChanged(isOn func(lan string) bool, trouble string, back bool) {
	l.mu.Lock()
	var all []*lan
	for name, one := range l.byHost {
		if isOn(name) {
			all = append(all, one)
		}
	}
	l.mu.Unlock()
	for _, one := range all {
		one.linkChanged(trouble, back)
	}
}

func (l *lan) linkChanged(trouble string, back bool) {
	l.mu.Lock()
	l.trouble = trouble
	var old Listener
	if r := l.listener; back && r != nil {
		old, r.conn, r.tried = r.conn, nil, false
		l.forgetRoutersLocked()
	}
	l.mu.Unlock()
	if old != nil {
		old.Close()
	}
}

// Dismount is told that the member's link is gone: its address and what it hears with it.
func (m *Member) Dismount() {
	m.Unsubscribe()
	m.SetAddr(netip.Addr{})
}

// Trouble is what keeps the host interface from the LAN, for the user; empty: nothing. A nil
// Member has no LAN.
func (m *Member) Trouble() string {
	if m == nil {
		return ""
	}
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.trouble
}
