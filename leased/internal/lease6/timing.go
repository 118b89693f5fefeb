// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// timing says how a message is retransmitted, in the terms of RFC 8415 §15; 0: no bound.
// MRC is checked in the states that give up.
type timing struct{ irt, mrt, mrd time.Duration }

// RFC 8415 §7.6's numbers. SOL_MAX_DELAY, CNF_MAX_DELAY and INF_MAX_DELAY, a random
// delay of up to 1 s before the first message, are left out on purpose. They are meant
// for a building full of machines that boot at once. The LAN's gate handles that case,
// and the delays would make every container wait.
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

// backoff returns the wait after the last message, RT of RFC 8415 §15. The first wait of
// SOLICIT is longer than IRT (§18.2.1).
func (m *Machine) backoff(t timing) time.Duration {
	if m.tries == 1 {
		if m.state == Soliciting {
			return t.irt + 1 + m.random(t.irt/10-1)
		}
		return m.fuzzy(t.irt, t.irt)
	}
	return m.longer(m.rt, t.mrt)
}

// longer returns the wait that follows the wait rt: twice as long, up to most; 0: no bound.
func (m *Machine) longer(rt, most time.Duration) time.Duration {
	if next := m.fuzzy(2*rt, rt); most == 0 || next <= most {
		return next
	}
	return m.fuzzy(most, most)
}

// fuzzy returns d + RAND·of, RAND being between -0.1 and +0.1.
func (m *Machine) fuzzy(d, of time.Duration) time.Duration {
	return d - of/10 + m.random(of/10*2)
}

// random returns a time from 0 to most.
func (m *Machine) random(most time.Duration) time.Duration {
	return time.Duration(m.cfg.Rand() % uint64(most+1))
}

// limit returns when the state's exchange ends, with or without an answer.
func (m *Machine) limit(t timing) clock.Instant {
	switch {
	case t.mrd > 0:
		return m.sent.Add(t.mrd)
	case m.state == Renewing:
		return m.lease.T2
	}
	return clock.Never
}

// pace limits the messages that a server can make us send to about one a second after a
// short burst, whatever the server answers: leases of a second, or a refusal of
// everything. It counts all messages and delays SOLICIT and RENEW, which begin an
// exchange on their own. Every other message follows one of these, or a call.
type pace struct {
	spent clock.Instant // the time that all messages so far are worth, at one per interval
}

const (
	paceInterval = time.Second
	paceBurst    = 10 * paceInterval
)

func (p *pace) charge(now clock.Instant) { p.spent = max(p.spent, now).Add(paceInterval) }

// open returns when an exchange may begin; this may be in the past.
func (p *pace) open() clock.Instant { return p.spent - clock.Instant(paceBurst) }
