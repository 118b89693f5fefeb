// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"fmt"
	"net/netip"
	"slices"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// maxAsked bounds the addresses of a lease that are looked for on the host.
const maxAsked = 16

// lookAtHost tells if the leases name the host as DNS server or router and the container cannot
// reach it: a macvlan does not reach its own host. It follows the answer.
func (a *Attachment) lookAtHost(shown *Snapshot, names resolv.Names) {
	if a.req.Port() != "" || a.req.Link.Made.Shim != (request.Shim{}) || a.req.Policy.Shim { // a guarded port of a bridge; the host's shim
		return
	}
	all := slices.Clone(names.Servers)
	if shown.v4.Bound != nil {
		for _, r := range shown.v4.Bound.Routes {
			if r.Via.IsValid() && !r.Via.IsUnspecified() {
				all = leaseapi.AppendNew(all, []netip.Addr{r.Via})
			}
		}
	}
	if own := a.env.Kernel.OutOfReach(a.req.Link.Host, all[:min(len(all), maxAsked)]); len(own) > 0 {
		a.Emit(event.OutOfReach{Addrs: own, On: a.req.Link.Host})
	}
}

// besideServer is the hint for a start that has found no server although the host has one, or "".
func (a *Attachment) besideServer() string {
	on, six := a.req.Link.Host, a.req.Policy.IPv6 == request.IPv6Only
	if a.req.Port() != "" || !a.env.Kernel.Serves(on, six) {
		return ""
	}
	return fmt.Sprintf(" This host runs a DHCP server, which a macvlan on %s cannot reach: %s.", on, event.ServerRemedy(on))
}
