// SPDX-License-Identifier: Apache-2.0

// Package failpoint ends leased in the middle of its work, for lab/chaos, at steps that
// no signal from outside could hit. It exists only with the build tag failpoint; without
// the tag At does nothing, and a released leased has no failpoints.
//
// The environment variable LEASED_FAILPOINT names the step: "AfterWrite" is the first
// time there, "AfterWrite:3" the third. leased ends by a SIGKILL of itself. With
// "AfterWrite=panic" it panics, and with "=stall" that goroutine never goes on. With "=pause"
// it says "failpoint AfterWrite" on stderr, and goes on after a SIGUSR1.
package failpoint

// Point is a step in leased's work.
type Point uint8

// The points, in the order of a lease's life.
const (
	AfterIntention Point = iota + 1 // record of the intention written, link not made
	AfterLink                       // link made, no server asked yet
	AfterDiscover                   // DISCOVER sent
	AfterOffer                      // OFFER received, no reaction yet
	AfterRequest                    // REQUEST sent
	AckBeforeWrite                  // ACK received, nothing applied and nothing written
	AfterAddress                    // address in the container, often with its routes; record not there yet
	MidRename                       // record's part file written, not renamed
	AfterWrite                      // record written
	BeforeAnswer                    // record written, about to answer
	AfterAnswer                     // answer handed over, not yet on the socket
	MidTeardown                     // address removed; record still as it was
	LinkDeleted                     // link deleted by Teardown, the lease given back or held; the caller not told
	last           = LinkDeleted
)

// String returns the point's name in LEASED_FAILPOINT.
func (p Point) String() string {
	switch p {
	case AfterIntention:
		return "AfterIntention"
	case AfterLink:
		return "AfterLink"
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
	case LinkDeleted:
		return "LinkDeleted"
	}
	return "invalid"
}

// All returns all points.
func All() (all []Point) {
	for p := AfterIntention; p <= last; p++ {
		all = append(all, p)
	}
	return all
}

// message is the type of a DHCP message.
type message interface{ String() string }
