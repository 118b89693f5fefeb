// SPDX-License-Identifier: Apache-2.0

// Package failpoint has leased end in the middle of its work, for lab/chaos: where
// nobody could kill it from outside at the right time. It exists with the build tag
// failpoint only; without it At is nothing, and a released leased has none of it.
//
// The environment's LEASED_FAILPOINT says where: "AfterWrite" is the first time
// there, "AfterWrite:3" the third, and "AfterWrite=panic" or "=stall" something else
// than a SIGKILL of itself.
package failpoint

// Point is a place in leased's work.
type Point uint8

// The points, in the order of a lease's life.
const (
	AfterDiscover  Point = iota + 1 // DISCOVER sent
	AfterOffer                      // OFFER received, nothing done about it
	AfterRequest                    // REQUEST sent
	AckBeforeWrite                  // ACK received, nothing applied and nothing written
	AfterAddress                    // address in the container, routes and record not there yet
	MidRename                       // record's part file written, not renamed
	AfterWrite                      // record written
	BeforeAnswer                    // the same, about to answer
	AfterAnswer                     // answer handed over, not yet on the socket
	MidTeardown                     // address removed; record still as it was
	last           = MidTeardown
)

// String is the name that LEASED_FAILPOINT has for it.
func (p Point) String() string {
	switch p {
	case AfterDiscover:
		return "AfterDiscover"
	case AfterOffer:
		return "AfterOffer"
	case AfterRequest:
		return "AfterRequest"
	case AckBeforeWrite:
		return "AckBeforeWrite"
	case AfterAddress:
		return "AfterAddress"
	case MidRename:
		return "MidRename"
	case AfterWrite:
		return "AfterWrite"
	case BeforeAnswer:
		return "BeforeAnswer"
	case AfterAnswer:
		return "AfterAnswer"
	case MidTeardown:
		return "MidTeardown"
	}
	return "invalid"
}

// All are all points.
func All() (all []Point) {
	for p := AfterDiscover; p <= last; p++ {
		all = append(all, p)
	}
	return all
}

// message is the type of a DHCP message.
type message interface{ String() string }
