// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net"
	"os"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/shim"
)

// shimLocked tells by which shim the host is to reach the container. It follows the last message
// in the inbox, and so the answer of a start.
func (x *actor) shimLocked() {
	uses := x.at != nil && (x.at.Request().Link.Made.Shim != request.Shim{} || x.at.Request().Policy.Shim)
	if x.m.cfg.Shim == nil || !uses && !x.shimmed {
		return
	}
	var u shim.Use
	if x.shimmed = uses; uses {
		u = x.shim()
	}
	x.m.cfg.Shim(x.key, u)
}

// shim is the container's use of a shim, or the shim's lease; the zero Use: there is no address.
func (x *actor) shim() (u shim.Use) {
	addr, l := x.at.Addr(), x.at.Request().Link
	if !addr.IsValid() {
		return u
	}
	u = shim.Use{Own: l.Made.Shim.Addr(), Addr: addr, Lease: x.at.Request().Policy.Shim}
	u.Host, _ = attach.SplitLAN(l.Host)
	return u
}

// LeaseShim is Setup for the lease of the host's shim on a parent. Config.Shim is told its address.
func (m *Manager) LeaseShim(ctx context.Context, on string, netns *os.File, path string) error {
	s, err := request.ShimSetup(on, path)
	if err != nil {
		netns.Close()
		return err
	}
	var refusal error
	_, err = m.Setup(ctx, s, netns, func(_ net.HardwareAddr, _ *leaseapi.Lease, err error) bool {
		refusal = err
		return true
	})
	return errors.Join(err, refusal)
}

// ReturnShim gives the lease of LeaseShim back.
func (m *Manager) ReturnShim(ctx context.Context, on string) error {
	return m.release(ctx, request.ShimOn(on).Key(), func(x *actor) error {
		if x.at != nil {
			x.at.End("no container uses the shim", attachment.GiveBack)
		}
		return nil
	})
}
