// SPDX-License-Identifier: Apache-2.0

// Package binding is step 9 of the way of a lease: it puts a lease into the container's
// network namespace, as an address, routes and an MTU, and removes it again. It makes
// before it breaks, adds only its own parts, and removes only the parts that it added:
// its routes are those of protocol dhcp on its interface that an earlier Spec names.
//
// Addresses carry their lifetimes, so that the kernel ends a lease on time even if
// leased does not run. Routes carry the address as their source, so that they go when
// the address goes.
package binding

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Forever is the lifetime of an infinite lease.
const Forever = time.Duration(math.MaxInt64)

// Errors of all calls here, for errors.Is. The system's own error is wrapped beside them.
var (
	// ErrGone says that the interface was deleted, or that its name or index belongs to
	// another one now.
	ErrGone = errors.New("interface is gone")
	// ErrMAC says that the interface has another MAC than it was made with: a program in the
	// container has changed it.
	ErrMAC = errors.New("interface has another MAC")
	// ErrDown says that the interface is down; it can have an address, but no routes.
	ErrDown = errors.New("interface is down")
	// ErrOver says that the lease to apply has no lifetime left.
	ErrOver = errors.New("lease is over")
	// ErrTooMany says that the container has put so much into the kernel's tables that
	// leased does not read on.
	ErrTooMany = errors.New("too many entries in the container's tables")
)

// Spec is a binding on one interface, wanted or existing.
type Spec struct {
	Ifindex int
	Addr    netip.Prefix // IPv4, with the subnet's length

	// Valid is how long the address may be used from now on, more than 0. It is rounded
	// to the nearest second, but is at least one.
	Valid time.Duration

	// Routes in the order of preference: the first of two routes to one destination
	// counts.
	Routes []Route
	// Metric of all routes. If it is taken (a second network in the same container
	// already has a default route), the next free metric is used.
	Metric int
	// MTU in bytes; 0 leaves the link's alone. It must not exceed the parent's:
	// macvlan refuses that, veth does not.
	MTU int

	Sources *Sources // nil: the container has no other network
}

// Route is one route of a lease.
type Route struct {
	Dst netip.Prefix
	Via netip.Addr // invalid: on-link
}

// Applied is the result of Apply.
type Applied struct {
	// Spec is the one to keep: as it is in the kernel, with the metric that was free.
	// The next Apply takes it as prev, Remove as its argument.
	Spec Spec
	// Problems are the parts that failed although the lease works: an MTU that the link
	// refuses, a route whose gateway makes no sense.
	Problems []error
}

// classify wraps a kernel error with its meaning for the interface.
func classify(err error) error {
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrDown):
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", ErrGone, err)
	case errors.Is(err, unix.ENETDOWN):
		return fmt.Errorf("%w: %w", ErrDown, err)
	}
	return err
}
