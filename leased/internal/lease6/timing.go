// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// timing is how a message is retransmitted, in the terms of RFC 8415 §15; 0: no
// bound. MRC is with the states that give up.
type timing struct{ irt, mrt, mrd time.Duration }

// RFC 8415 §7.6's numbers. SOL_MAX_DELAY, CNF_MAX_DELAY and INF_MAX_DELAY, a random
// delay of up to 1 s before the first message, are left out on purpose: they are
// against a building full of machines that boot at once, for which the manager's
// gate is, and they would make every container wait.
const (
	maxRT = time.Hour // SOL_MAX_RT and INF_MAX_RT, unless a server says otherwise

	reqTries = 10 // REQ_MAX_RC
	decTries = 4  // DEC_MAX_RC
)

func (m *Machine) timing() timing {
	switch m.state {
	case Soliciting:
		return timing{irt: time.Second, mrt: m.solMax}
	case Requesting:
		return timing{irt: time.Second, mrt: 30 * time.Second}
	case Confirming:
		return timing{irt: time.Second, mrt: 4 * time.Second, mrd: 10 * time.Second}
	case Renewing, Rebinding:
		return timing{irt: 10 * time.Second, mrt: 600 * time.Second}
	case Declining:
		return timing{irt: time.Second}
	case Informing:
		return timing{irt: time.Second, mrt: m.infMax}
	case Init, Bound, Informed, Stopped: // send nothing
	}
	return timing{}
}

// backoff returns the wait after what was sent last, RT of RFC 8415 §15. The first
// one of SOLICIT is longer than IRT (§18.2.1).
func (m *Machine) backoff(t timing) time.Duration {
	if m.tries == 1 {
		if m.state == Soliciting {
			return t.irt + 1 + m.random(t.irt/10-1)
		}
		return m.fuzzy(t.irt, t.irt)
	}
	rt := m.fuzzy(2*m.rt, m.rt)
	if t.mrt > 0 && rt > t.mrt {
		return m.fuzzy(t.mrt, t.mrt)
	}
	return rt
}

// fuzzy returns d + RAND·of, RAND being between -0.1 and +0.1.
func (m *Machine) fuzzy(d, of time.Duration) time.Duration {
	return d - of/10 + m.random(of/10*2)
}

// random returns a time from 0 to most.
func (m *Machine) random(most time.Duration) time.Duration {
	return time.Duration(m.cfg.Rand() % uint64(most+1))
}

// limit returns when the state's exchange ends, answered or not.
func (m *Machine) limit(t timing) clock.Instant {
	switch {
	case t.mrd > 0:
		return m.sent.Add(t.mrd)
	case m.state == Renewing:
		return m.lease.T2
	}
	return clock.Never
}

// pace holds what a server can make us say to about a message a second, whatever
// it answers, after some quick ones: leases of a second, a refusal of everything.
// It counts all messages and delays those that begin something by themselves,
// SOLICIT and RENEW; each of the others follows one of them, or the caller.
type pace struct {
	spent clock.Instant // how far the messages so far reach, at one each interval
}

const (
	paceInterval = time.Second
	paceBurst    = 10 * paceInterval
)

func (p *pace) charge(now clock.Instant) { p.spent = max(p.spent, now).Add(paceInterval) }

// open returns when something may begin, which may have passed.
func (p *pace) open() clock.Instant { return p.spent - clock.Instant(paceBurst) }
