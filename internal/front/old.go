// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"errors"
	"fmt"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
)

// joinOld is for a leased that does not know Setup: it makes the link, and calls Acquire.
func (r Request) joinOld(ctx context.Context) (Joined, error) {
	r.Owner = "" // which leased knows since later than Setup
	leased, err := leaseapi.Dial(ctx)
	if err != nil {
		return Joined{}, err
	}
	defer leased.Close()
	link, err := r.attach(ctx)
	if err != nil {
		return Joined{}, err
	}
	lease, err := r.acquire(ctx, leased, link)
	if err != nil {
		return Joined{}, errors.Join(err, deleteLink(r.Netns, r.Attachment.Interface, link.MAC))
	}
	return Joined{MAC: link.MAC, Lease: lease}, nil
}

// attach makes the link. It closes the netns when it returns, so that nothing of ours
// pins the netns while leased waits for a server.
func (r Request) attach(ctx context.Context) (attach.Link, error) {
	spec, err := r.Link()
	if err != nil {
		return attach.Link{}, err
	}
	if spec.VLAN != 0 && r.Options.Parent != "" { // it would not remove the VLAN device
		return attach.Link{}, fmt.Errorf("the running leased is an earlier one, which has no vlan=%d on a parent; try: systemctl restart leased", spec.VLAN)
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
