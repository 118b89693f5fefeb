// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"errors"
	"net"
	"os"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
)

// Departure describes the attachment to leave.
type Departure struct {
	leaseapi.Attachment
	Netns string         // path; the netns may be gone
	Begun *leaseapi.Sent // Teardown that was called already, or nil; Leave ends it
}

// Leave gives the lease back and deletes the link. It does as much as it can if a step
// fails. A lease or link that is already gone is not an error.
func Leave(ctx context.Context, a leaseapi.Attachment, netnsPath string) error {
	return Departure{Attachment: a, Netns: netnsPath}.Leave(ctx)
}

// Leave is Leave for a Teardown that may have been called already.
func (d Departure) Leave(ctx context.Context) error {
	if d.Begun != nil {
		defer d.Begun.Close()
	}
	err := insist(ctx, func() error { err := d.leave(ctx); d.Begun = nil; return err })
	return errors.Join(err, deleteLink(d.Netns, d.Interface, nil)) // what leased has left, or an old leased
}

// LeaveAll gives back all leases of a container whose netns is gone. A repeated call does no harm.
func LeaveAll(ctx context.Context, containerID string) error {
	return insist(ctx, func() error {
		return tell(ctx, func(leased *leaseapi.Conn) error { return leased.ReleaseContainer(ctx, containerID) })
	})
}

func (d Departure) leave(ctx context.Context) error {
	err := d.teardown(ctx)
	if leaseapi.IsOld(err) {
		return tell(ctx, func(leased *leaseapi.Conn) error { return leased.Release(ctx, d.Attachment) })
	}
	return err
}

// teardown calls Teardown, or waits for the call that has begun.
func (d Departure) teardown(ctx context.Context) error {
	if d.Begun != nil {
		return d.Begun.Teardown(ctx)
	}
	return tell(ctx, func(leased *leaseapi.Conn) error {
		req := leaseapi.TeardownRequest{Attachment: d.Attachment}
		ns, err := netns.Open(d.Netns)
		if err != nil { // deleteLink says why
			return leased.Teardown(ctx, req, -1)
		}
		defer ns.Close()
		leased.Meanwhile = func() { ns.Close() } // a dying netns is not pinned
		return leased.Teardown(ctx, req, ns.FD())
	})
}

func tell(ctx context.Context, call func(*leaseapi.Conn) error) error {
	leased, err := leaseapi.Dial(ctx)
	if err != nil {
		return err
	}
	defer leased.Close()
	return call(leased)
}

func deleteLink(netnsPath, ifname string, mac net.HardwareAddr) error {
	ns, err := netns.Open(netnsPath)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer ns.Close()
	return attach.Delete(ns, ifname, mac)
}
