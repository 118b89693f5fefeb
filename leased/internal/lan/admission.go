// SPDX-License-Identifier: Apache-2.0

package lan

// position is where a member stands at the gate of its LAN.
//
//	outside → inside             EnterGate, if there is room
//	outside → queued → inside    EnterGate, if there is none; then Admitted
//	inside, queued → outside     ExitGate; but with TimedOut a queued one stays
type position uint8

const (
	outside position = iota // not an error: a member begins here
	queued
	inside
)

// EnterGate asks for leave to talk to the servers. It returns true if the member is inside
// now, or was already. It returns false if the member has to wait: Admitted follows, maybe
// before EnterGate has returned.
func (m *Member) EnterGate() bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	if m.position == outside {
		m.position = queued
		if m.lan.gate.enter(m) {
			m.position = inside
		}
	}
	return m.position == inside
}

// ExitGate takes the member out of the gate, or out of the queue, and admits the next ones.
// The outcome counts only if the member was inside. A queued member stays queued with
// TimedOut: its exchange goes on, and has not begun yet.
func (m *Member) ExitGate(how Outcome) {
	for _, next := range m.exit(how) {
		next.notify.Admitted()
	}
}

func (m *Member) exit(how Outcome) (admitted []*Member) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	was := m.position
	if was == queued && how == TimedOut {
		return nil
	}
	m.position = outside
	if was != inside {
		return nil
	}
	return m.lan.admitNextLocked(how)
}

// admitNextLocked lets those in for whom one that leaves makes room.
func (l *lan) admitNextLocked(how Outcome) (admitted []*Member) {
	next := l.gate.leave(l.now(), how)
	for len(next) > 0 {
		m := next[0]
		next = next[1:]
		if m.position != queued { // it left the queue before its turn came
			next = append(next, l.gate.leave(l.now(), Abandoned)...)
			continue
		}
		m.position = inside
		admitted = append(admitted, m)
	}
	return admitted
}

// Crowded reports whether more members ask at once than a server answers in no time.
func (m *Member) Crowded() bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.gate.crowded()
}
