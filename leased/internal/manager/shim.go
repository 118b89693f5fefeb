// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/shim"
)

// shimLocked tells by which shim the host is to reach the container. It follows the last message
// in the inbox, and so the answer of a start.
func (x *actor) shimLocked() {
	uses := x.at != nil && x.at.Request().Link.Made.Shim != request.Shim{}
	if x.m.cfg.Shim == nil || !uses && !x.shimmed {
		return
	}
	var u shim.Use
	if x.shimmed = uses; uses {
		u = x.shim()
	}
	x.m.cfg.Shim(x.key, u)
}

// shim is the container's use of a shim; the zero Use: it has no address.
func (x *actor) shim() (u shim.Use) {
	addr, l := x.at.Addr(), x.at.Request().Link
	if !addr.IsValid() {
		return u
	}
	u = shim.Use{Own: l.Made.Shim.Addr(), Addr: addr}
	u.Host, _ = attach.SplitLAN(l.Host)
	return u
}
