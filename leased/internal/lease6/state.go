// SPDX-License-Identifier: Apache-2.0

package lease6

// State is the state of a machine. RFC 8415 draws no figure; this is §18.2 as we implement
// it. Events that are not drawn do not change the state:
//
//	┌──────┐ Wanted, no addresses        ┌───────────┐ REPLY/Bind  ┌──────────┐
//	│ INIT ├────/INFORMATION-REQUEST────►│ INFORMING ├────────────►│ INFORMED │
//	└┬───┬─┘                             └─────┬─────┘◄────────────┴────┬─────┘
//	 │   │ Wanted, pause over                  │ Wanted, addresses   T1,│LinkChanged
//	 │   │ /SOLICIT                            │◄───────────────────────┘
//	 │   ▼                                     ▼
//	 │  ┌────────────┐◄── or CONFIRMING, if a lease is remembered
//	 │  │ SOLICITING │◄───────────────────────────────────────────────────────┐
//	 │  └─┬────────┬─┘                                                        │
//	 │    │        │ ADVERTISE/REQUEST ┌────────────┐ refused, 10 tries       │
//	 │    │        └──────────────────►│ REQUESTING ├────────────────────────►┤
//	 │    │ REPLY (rapid commit)       └──┬─────────┘◄──────────┐             │
//	 │    │ /Bind                         │ REPLY/Bind          │             │
//	 │    ▼                               ▼                     │ NoBinding   │
//	 │  ┌───────┐◄──────────────────────────┐ REPLY/Bind        │ /REQUEST    │
//	 │  │ BOUND │ T1/RENEW  ┌──────────┐    │                   │             │
//	 │  │       ├──────────►│ RENEWING ├────┼──────────────────►┤             │
//	 │  │       │           └────┬─────┘    │                   │             │
//	 │  │       │      T2/REBIND ▼   ┌──────┴────┐              │             │
//	 │  │       ├───────────────────►│ REBINDING ├─────────────►┘             │
//	 │  └─┬───┬─┘                    └───────────┘ NotOnLink, lease over      │
//	 │    │   │                                    /Unbind ──────────────────►┤
//	 │    │   │ LinkChanged/CONFIRM  ┌────────────┐ NotOnLink/Unbind          │
//	 │    │   └─────────────────────►│ CONFIRMING ├──────────────────────────►┤
//	 │    │   ◄── REPLY, 10 s over ──┴────────────┘◄── Wanted, remembered     │
//	 │    │ DuplicateFound           ┌───────────┐ REPLY, 4 tries, none left  │
//	 │    └ /Bind or Unbind, DECLINE►│ DECLINING ├───────────────────────────►┘
//	 │        ◄── addresses left ────┴───────────┘
//	 └─ refused or disturbed again and again: a pause comes before SOLICITING
//
// A server without addresses, or none that answers SOLICIT, leads from SOLICITING to INFORMING and
// INFORMED, and from there, with or without an answer, back to SOLICITING.
//
// LinkChanged and DuplicateFound count in all states with an address in use, which
// REQUESTING and SOLICITING have after NoBinding, until the address ends.
// ReleaseRequested leads from every state to STOPPED, which is final.
type State uint8

// The states, named after the messages of RFC 8415 §18.2 as those of DHCPv4 are.
const (
	Init       State = iota + 1 // nothing asked for yet, or pausing
	Soliciting                  // SOLICIT sent
	Requesting                  // REQUEST to one server sent
	Confirming                  // CONFIRM of the lease in use, or of a remembered one, sent
	Bound                       // addresses in use; nothing to do until T1
	Renewing                    // RENEW to the lease's server sent
	Rebinding                   // REBIND to all servers sent
	Declining                   // DECLINE sent, of an address that another host uses
	Informing                   // INFORMATION-REQUEST sent
	Informed                    // no addresses asked for; nothing to do until T1
	Stopped                     // released, or given up before there was a lease
)

var stateNames = [...]string{
	Init: "INIT", Soliciting: "SOLICITING", Requesting: "REQUESTING", Confirming: "CONFIRMING",
	Bound: "BOUND", Renewing: "RENEWING", Rebinding: "REBINDING", Declining: "DECLINING",
	Informing: "INFORMING", Informed: "INFORMED", Stopped: "STOPPED",
}

// String returns the state's name in capitals.
func (s State) String() string {
	if s < Init || s > Stopped {
		return "invalid"
	}
	return stateNames[s]
}
