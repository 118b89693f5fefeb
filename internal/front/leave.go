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
	Netns string           // path; the netns may be gone
	MAC   net.HardwareAddr // of the link; nil: not known
	Begun *leaseapi.Sent   // Teardown that was called already, or nil; Leave ends it
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
	var link bool
	err := insist(ctx, func() (err error) { link, err = d.leave(ctx); d.Begun = nil; return })
	if link {
		return nil
	}
	return errors.Join(err, deleteLink(d.Netns, d.Interface, d.MAC)) // what leased has left, or an old leased
}

// LeaveAll gives back all leases of a container whose netns is gone. A repeated call does no harm.
func LeaveAll(ctx context.Context, containerID, owner string) error {
	return insist(ctx, func() error {
		err := releaseAll(ctx, containerID, owner)
		if leaseapi.IsBeforeOwners(err) {
			return releaseAll(ctx, containerID, "")
		}
		return err
	})
}

func releaseAll(ctx context.Context, containerID, owner string) error {
	return tell(ctx, func(leased *leaseapi.Conn) error { return leased.ReleaseContainer(ctx, containerID, owner) })
}

// NoteResolvConf tells leased which resolv.conf was written for a container. Without it,
// leased does not rewrite the file at a renewal, and says so in its log then. An old leased
// does not know the call.
func NoteResolvConf(ctx context.Context, n leaseapi.NoteResolvConfRequest) {
	_ = tell(ctx, func(leased *leaseapi.Conn) error { return leased.NoteResolvConf(ctx, n) })
}

// leave reports whether leased has seen to the link.
func (d Departure) leave(ctx context.Context) (link bool, err error) {
	link, err = d.teardown(ctx)
	if leaseapi.IsBeforeOwners(err) {
		d.Owner = ""
		link, err = d.teardown(ctx)
	}
	if leaseapi.IsOld(err) {
		d.Owner = ""
		err = tell(ctx, func(leased *leaseapi.Conn) error { return leased.Release(ctx, d.Attachment) })
		return false, err
	}
	return link && err == nil, err
}

// teardown calls Teardown, or waits for the call that has begun. It reports whether leased was
// given the netns.
func (d Departure) teardown(ctx context.Context) (given bool, err error) {
	if d.Begun != nil {
		return true, d.Begun.Teardown(ctx)
	}
	err = tell(ctx, func(leased *leaseapi.Conn) error {
		req := leaseapi.TeardownRequest{Attachment: d.Attachment}
		ns, err := netns.Open(d.Netns)
		if err != nil { // deleteLink says why
			return leased.Teardown(ctx, req, -1)
		}
		defer ns.Close()
		given = true
		leased.Meanwhile = func() { ns.Close() } // a dying netns is not pinned
		return leased.Teardown(ctx, req, ns.FD())
	})
	return given, err
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
