// SPDX-License-Identifier: Apache-2.0

// Package front brings one container onto one network and takes it off again: steps 2
// and 3 of the way of a lease, for the network plugin and the OCI hook. If Join fails,
// it leaves nothing behind.
package front

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/wanted"
)

// Request describes the attachment to join.
type Request struct {
	wanted.Interface
	Meanwhile func() // if not nil, called while leased works
}

// Joined is the result of Join. Lease is nil if the options say on_timeout=continue and
// no lease came in time.
type Joined struct {
	MAC   net.HardwareAddr
	Lease *leaseapi.Lease
}

// overtime is the time that a caller gives leased beyond the lease timeout to answer.
const overtime = 5 * time.Second

// Join makes the link and gets it a lease. Cancelling ctx undoes both.
func Join(ctx context.Context, r Request) (joined Joined, err error) {
	if err := r.Check(); err != nil {
		return Joined{}, err
	}
	patience := r.Options.LeaseTimeout + overtime
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("leased did not answer within %s; see: journalctl -u leased", patience))
	defer cancel()
	err = insist(ctx, func() (err error) { joined, err = r.join(ctx); return })
	return joined, err
}

// reopening is how long leased's socket may be missing while leased.socket restarts.
const reopening = 2 * time.Second

// insist repeats do, at most twice, if leased hangs up: leased is restarting, or was
// killed, and the next leased takes the call. When leased.socket restarts, the first
// repetition may be cut off together with the socket, which is then missing for a
// moment. There is no third repetition: a leased that dies of this very call stays dead.
func insist(ctx context.Context, do func() error) error {
	err := do()
	for tries := 0; tries < 2 && errors.Is(err, leaseapi.ErrHungUp); tries++ {
		err = do()
		for end := time.Now().Add(reopening); errors.Is(err, leaseapi.ErrAbsent) && time.Now().Before(end) && ctx.Err() == nil; err = do() {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return err
}

func (r Request) meanwhile() {
	leaseapi.Rehearse()
	if r.Meanwhile != nil {
		r.Meanwhile()
	}
}

func (r Request) join(ctx context.Context) (Joined, error) {
	// This comes first, so that systemd can start leased while the link is made.
	leased, err := leaseapi.Dial(ctx)
	if err != nil {
		return Joined{}, err
	}
	defer leased.Close()
	leased.Meanwhile = r.meanwhile
	link, err := r.attach(ctx)
	if err != nil {
		return Joined{}, err
	}
	lease, err := r.acquire(ctx, leased, link)
	if err != nil {
		return Joined{}, errors.Join(err, deleteLink(r.Netns, r.Attachment.Interface, link.MAC))
	}
	return Joined{link.MAC, lease}, nil
}

// attach makes the link. It closes the netns when it returns, so that nothing of ours
// pins the netns while leased waits for a server.
func (r Request) attach(ctx context.Context) (attach.Link, error) {
	spec, err := r.Link()
	if err != nil {
		return attach.Link{}, err
	}
	ns, err := netns.Open(r.Netns)
	if err != nil {
		return attach.Link{}, err
	}
	defer ns.Close()
	host, err := attach.OpenHost(nil)
	if err != nil {
		return attach.Link{}, err
	}
	defer host.Close()
	return host.Make(ctx, ns, spec)
}

func (r Request) acquire(ctx context.Context, leased *leaseapi.Conn, link attach.Link) (*leaseapi.Lease, error) {
	req, err := r.Lease(link)
	if err != nil {
		return nil, err
	}
	return leased.Acquire(ctx, req)
}

// Leave gives the lease back and deletes the link. It does as much as it can if a step
// fails. A lease or link that is already gone is not an error.
func Leave(ctx context.Context, a leaseapi.Attachment, netnsPath string) error {
	err := release(ctx, a)
	return errors.Join(err, deleteLink(netnsPath, a.Interface, nil))
}

// LeaveAll gives back all leases of a container whose netns is gone.
func LeaveAll(ctx context.Context, containerID string) error {
	return tell(ctx, func(leased *leaseapi.Conn) error { return leased.ReleaseContainer(ctx, containerID) })
}

func release(ctx context.Context, a leaseapi.Attachment) error {
	return tell(ctx, func(leased *leaseapi.Conn) error { return leased.Release(ctx, a) })
}

// tell calls leased and tries again, as Join does: a repeated call does no harm.
func tell(ctx context.Context, call func(*leaseapi.Conn) error) error {
	return insist(ctx, func() error {
		leased, err := leaseapi.Dial(ctx)
		if err != nil {
			return err
		}
		defer leased.Close()
		return call(leased)
	})
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
