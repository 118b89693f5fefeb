// SPDX-License-Identifier: Apache-2.0

package lease4

// State is the state of a machine: RFC 2131 figure 5 as we implement it. Events that are
// not drawn do not change the state:
//
//	   Started, lease known/REQUEST ┌──────┐   4th NAK, 2nd conflict, IPv6 only
//	  ┌─────────────────────────────┤ INIT │◄─────────────────────────────┐
//	  ▼                             └──┬───┘                              │
//	┌───────────┐                      │ Started, pause over/DISCOVER     │
//	│ REBOOTING │   250 ms/DISCOVER    ▼                                  │
//	│           ├──────────────►┌───────────┐ timer/DISCOVER (1 … 64 s)   │
//	│           ├──────────┐    │ SELECTING │◄──┐                         │
//	└─────────┬─┘ NAK      │    │           ├───┘◄────────────────────────┤
//	          │            │    └─────┬───┬─┘   no ACK to 4 REQUESTs,     │
//	          │            │          │   │     NAK, first conflict       │
//	          │            │   OFFER/ │   │     /DISCOVER                 │
//	          │            │  REQUEST ▼   │                               │
//	          │            │ ┌────────────┐ timer/REQUEST (4 in all)      │
//	          │            │ │ REQUESTING ├──────────────────────────────►┤
//	          │            │ └────────┬───┘                               │
//	          │            └──────────┼───┼──────────────────────────────►┤
//	          │ ACK               ACK │   │ ACK (rapid commit)            │
//	          ├───────────────────────┴───┘                               │
//	          │ with CheckFull ┌─────────┐     conflict/DECLINE           │
//	          ├───────────────►│ PROBING ├───────────────────────────────►┤
//	          │ Bind           └─────┬───┘                                │
//	          ▼            no answer │ Bind                               │
//	┌───────────┐◄───────────────────┘  conflict within ½ s               │
//	│   BOUND   ├────────────────────── /DECLINE, Unbind ────────────────►┤
//	│           │◄───────────────┬──────────────┐ ACK/Bind                │
//	│           │ T1/REQUEST  ┌──┴───────┐      │                         │
//	│           ├────────────►│ RENEWING ├──────┼─── NAK/Unbind ─────────►┤
//	│           │             └──┬───────┘      │                         │
//	│           │     T2/REQUEST ▼ to all ┌─────┴─────┐                   │
//	│           ├────────────────────────►│ REBINDING ├─ NAK/Unbind ─────►┘
//	└───────────┘  T2 slept through       └───────────┘
//
// TimedOut leads with a known lease from INIT, REBOOTING, SELECTING and REQUESTING to
// REBINDING (Bind, REQUEST to all). There a conflict within ½ s counts as well.
// LinkChanged leads from BOUND, RENEWING and REBINDING to REBOOTING, where the lease stays in use
// and a timer leads to REBINDING; from a pause, SELECTING and REQUESTING it leads to SELECTING.
// PROBING is not in the RFC's figure. It stands on its arrow from REQUESTING to BOUND,
// between "record lease" and "set timers T1, T2", where §3.1(5) makes the client check the
// parameters of the ACK before use. The end of the lease (in BOUND, too, if the host slept
// past it) leads by Unbind to SELECTING. ReleaseRequested leads from every state to STOPPED,
// which is final.
type State uint8

// The states, named as in RFC 2131 figure 5 but for PROBING.
const (
	Init       State = iota + 1 // nothing asked for yet, or pausing
	Rebooting                   // REQUEST for the remembered address sent
	Selecting                   // DISCOVER sent
	Requesting                  // REQUEST for an OFFER sent
	Probing                     // ACK received; the address is probed before it is used
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
	case Rebooting:
		return "REBOOTING"
	case Selecting:
		return "SELECTING"
	case Requesting:
		return "REQUESTING"
	case Probing:
		return "PROBING"
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

// Medium is the kind of socket that a state needs.
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

// medium returns the socket on which the answers for this state arrive.
func (s State) medium() Medium {
	switch s {
	case Rebooting, Selecting, Requesting, Rebinding:
		return MediumPacket
	case Renewing:
		return MediumUnicast
	case Init, Probing, Bound, Stopped:
		return MediumNone
	}
	return MediumNone
}
