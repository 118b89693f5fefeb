// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/resolv"
)

// spec is the binding that a lease asks for under the attachment's policy.
func (j *job) spec(l lease4.Lease, now clock.Instant) binding.Spec {
	s := binding.Spec{
		Ifindex: j.place.Index, Addr: l.Addr, Valid: binding.Forever, Metric: j.req.Policy.Metric,
		MTU: min(l.MTU, j.req.Link.MTU), // 0 where either has no say
	}
	if l.Expiry != clock.Never {
		s.Valid = l.Expiry.Sub(now)
	}
	for _, r := range l.Routes {
		if r.Dst.Bits() > 0 || !j.req.Policy.NoDefaultRoute {
			s.Routes = append(s.Routes, binding.Route{Dst: r.Dst, Via: r.Via})
		}
	}
	return s
}

// reply is what there is as callers see it; nil: nothing.
func (j *job) reply(now clock.Instant) *leaseapi.Lease { return j.snapshot().reply(now) }

func (s *snapshot) reply(now clock.Instant) *leaseapi.Lease {
	if s.lease == nil && (s.six == nil || len(s.six.addrs) == 0) {
		return nil
	}
	names := namesOf(s.lease, s.six.more())
	r := &leaseapi.Lease{DNS: names.Servers, Search: names.Search}
	if s.six != nil {
		r.IPv6, r.Gateway6 = s.six.addrs, s.six.gateway
	}
	if l := s.lease; l != nil {
		r.Address, r.Server = l.Addr, l.Server
		r.Renew, r.Rebind, r.Expire = left(l.T1, now), left(l.T2, now), left(l.Expiry, now)
	}
	bound := s.bound
	if bound == nil {
		return r
	}
	r.MTU = bound.MTU
	for _, b := range bound.Routes {
		if b.Dst.Bits() == 0 && !r.Gateway.IsValid() {
			r.Gateway = b.Via
		}
		r.Routes = append(r.Routes, leaseapi.Route{Destination: b.Dst, Gateway: b.Via})
	}
	return r
}

// search is the search list, or else the domain (RFC 3397 §4 leaves it to us;
// resolv.conf(5) has search override domain).
func search(l lease4.Lease) []string {
	if len(l.Search) == 0 && l.Domain != "" {
		return []string{l.Domain}
	}
	return l.Search
}

// left is the whole seconds until t; nil: never.
func left(t, now clock.Instant) *int64 {
	if t == clock.Never {
		return nil
	}
	s := int64(max(t.Sub(now), 0) / time.Second)
	return &s
}

// snapshot is what List shows of an attachment at rest.
type snapshot struct {
	req   *leaseapi.AcquireRequest
	state string
	lease *lease4.Lease
	bound *binding.Spec
	six   *snapshot6 // nil: nothing of IPv6 is wanted
}

type snapshot6 struct {
	state   string // of DHCPv6, if there is any
	addrs   []leaseapi.Address6
	gateway netip.Addr
	names   []resolv.Names
}

func (s *snapshot6) more() []resolv.Names {
	if s == nil {
		return nil
	}
	return s.names
}

func (j *job) snapshot() *snapshot {
	s := &snapshot{req: &j.req, state: j.machine.State().String(), bound: j.bound, six: j.six.snapshot()}
	if j.held {
		s.state = leaseapi.StateHeld
	}
	if l, ok := j.machine.Lease(); ok {
		s.lease = &l
	}
	return s
}

func (s *snapshot) status(now clock.Instant) leaseapi.Status {
	st := leaseapi.Status{Attachment: s.req.Attachment, Link: s.req.Link, State: s.state, Lease: s.reply(now)}
	if s.six != nil {
		st.State6 = s.six.state
	}
	return st
}

// inVain says why there is no lease yet, where, and what to look at.
func (j *job) inVain() string {
	on, within := j.req.Link.Host, j.timeout()
	text := fmt.Sprintf("no DHCP server answered on %s within %s; is there one on that LAN, and is the uplink up and in the bridge?", on, within)
	if j.machine.State() == lease4.Requesting {
		text = fmt.Sprintf("a DHCP server on %s made an offer and then confirmed nothing within %s", on, within)
	}
	if j.six.only() {
		text = fmt.Sprintf("no router gave an IPv6 address on %s within %s; is there one on that LAN?", on, within)
	}
	if j.trouble != "" {
		text = fmt.Sprintf("no lease on %s within %s: %s", on, within, j.trouble)
	}
	return text + "; see: journalctl -u leased"
}
