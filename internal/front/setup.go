// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
)

// setup calls Setup, or waits for the call that has begun. If Setup fails, leased has undone all.
func (r Request) setup(ctx context.Context) (leaseapi.SetupReply, error) {
	if r.Begun != nil {
		return r.Begun.Setup(ctx)
	}
	reply, err := r.call(ctx)
	if leaseapi.Lacks(err, "front") || leaseapi.Lacks(err, "networks") { // a leased of before policies
		r.Front, r.Networks = "", 0
		return r.call(ctx)
	}
	return reply, err
}

func (r Request) call(ctx context.Context) (leaseapi.SetupReply, error) {
	// This comes first, so that systemd can start leased while the netns is opened.
	leased, err := leaseapi.Dial(ctx)
	if err != nil {
		return leaseapi.SetupReply{}, err
	}
	defer leased.Close()
	ns, err := netns.Open(r.Netns)
	if err != nil {
		return leaseapi.SetupReply{}, err
	}
	defer ns.Close()
	leased.Meanwhile = func() {
		ns.Close() // nothing of ours pins the netns while leased waits for a server
		leaseapi.Rehearse()
	}
	req := leaseapi.SetupRequest{Netns: r.Netns, Netavark: r.Netavark, Front: r.Front, Networks: r.Networks}
	if r.Netavark == nil {
		req.Attachment, req.Options, req.Hostnames = r.Attachment, r.Given, r.Hostnames
	}
	return leased.Setup(ctx, req, ns.FD())
}
