// SPDX-License-Identifier: Apache-2.0

package lease

// State is where a machine is. It is RFC 2131 figure 5 as we implement it; what
// is not drawn keeps the state:
//
//	      Started/DISCOVER      ┌──────┐   NAK again (1, 2, 4 … 60 s)
//	      ┌─────────────────────┤ INIT │◄───────────────────────────┐
//	      │                     └──┬───┘                            │
//	      │                        │ pause over/DISCOVER            │
//	      ▼                        ▼                                │
//	┌───────────┐ timer/DISCOVER (1, 2, 4 … 64 s)                   │
//	│ SELECTING │◄──┐                                               │
//	│           ├───┘◄──────────────────────────────────────────────┤
//	└─────┬─────┘    no ACK to 4 REQUESTs, or first NAK / DISCOVER  │
//	      │ OFFER/REQUEST                                           │
//	      ▼                                                         │
//	┌────────────┐ timer/REQUEST (4 in all)                         │
//	│ REQUESTING ├──────────────────────────────────────────────────┤
//	└─────┬──────┘                                                  │
//	      │ ACK/Bind                                                │
//	      ▼           ACK/Bind                                      │
//	┌───────────┐◄───────────────┬───────────────┐                  │
//	│   BOUND   │  T1/REQUEST ┌──┴───────┐       │                  │
//	│           ├────────────►│ RENEWING ├───────┼── NAK/Unbind ────┤
//	│           │             └──┬───────┘       │                  │
//	│           │     T2/REQUEST ▼ to all ┌──────┴─────┐            │
//	│           ├─────────────────────────► REBINDING  ├────────────┘
//	└───────────┘  T2 slept through       └────────────┘ NAK/Unbind
//
// The end of the lease (in BOUND, too, if it was slept through) is Unbind and
// SELECTING. ReleaseRequested leads from everywhere to STOPPED, which nothing
// leaves. INIT-REBOOT, REBOOTING and DECLINE are not there yet.
type State uint8

// The states, named as in RFC 2131 figure 5.
const (
	Init       State = iota + 1 // nothing asked for yet, or pausing after a NAK
	Selecting                   // DISCOVER sent
	Requesting                  // REQUEST for an OFFER sent
	Bound                       // nothing to do until T1
	Renewing                    // REQUEST to the lease's server sent
	Rebinding                   // REQUEST to all servers sent
	Stopped                     // released, or given up before there was a lease
)

// String spells the state as RFC 2131 figure 5 does.
func (s State) String() string {
	switch s {
	case Init:
		return "INIT"
	case Selecting:
		return "SELECTING"
	case Requesting:
		return "REQUESTING"
	case Bound:
		return "BOUND"
	case Renewing:
		return "RENEWING"
	case Rebinding:
		return "REBINDING"
	case Stopped:
		return "STOPPED"
	}
	return "invalid"
}

// Medium is what a machine has to hear from in its state.
type Medium uint8

// The media.
const (
	MediumNone    Medium = iota + 1 // nothing: a lease at rest holds no socket
	MediumPacket                    // a packet socket: we may have no address yet
	MediumUnicast                   // a UDP socket of the leased address to its server
)

// String returns the medium's name, in lower case.
func (m Medium) String() string {
	switch m {
	case MediumNone:
		return "none"
	case MediumPacket:
		return "packet"
	case MediumUnicast:
		return "unicast"
	}
	return "invalid"
}

// medium says where the answers arrive that the state waits for.
func (s State) medium() Medium {
	switch s {
	case Selecting, Requesting, Rebinding:
		return MediumPacket
	case Renewing:
		return MediumUnicast
	case Init, Bound, Stopped:
		return MediumNone
	}
	return MediumNone
}
