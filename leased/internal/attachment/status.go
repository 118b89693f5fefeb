// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"cmp"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/ipv4"
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// Snapshot is what List shows of an attachment. It does not change any more, so that no
// one waits for a slow reader.
type Snapshot struct {
	req   *request.Request
	phase Phase
	netns sign
	v4    ipv4.Shown
	v6    *ipv6.Shown // nil: there is no IPv6
	on    *lan.Member
	link  string // what is amiss with the link; empty: nothing
}

// Snapshot returns what there is now.
func (a *Attachment) Snapshot() *Snapshot {
	s := &Snapshot{req: a.req, phase: a.phase, netns: a.sign(), v4: a.v4.Show(), v6: a.v6.Show(), on: a.lan}
	if a.activity != nil && a.mend != nil {
		s.link = a.mend.trouble.Text
	}
	return s
}

// Container is the container's name.
func (s *Snapshot) Container() string { return s.req.Attachment.ContainerName }

// Held reports whether the container is gone and the lease is kept.
func (s *Snapshot) Held() bool { return s.phase >= Held }

// Place is the container's link, without a session.
func (s *Snapshot) Place() kernel.Place { return s.netns.place(s.req) }

// Status is the attachment as the API shows it.
func (s *Snapshot) Status(now clock.Instant) leaseapi.Status {
	st := leaseapi.Status{
		Attachment: leaseapi.Attachment(s.req.Attachment), Link: s.req.Link.API(), State: s.v4.State, Lease: s.reply(now),
	}
	if s.phase == Held {
		st.State = leaseapi.StateHeld
	}
	if s.v6 != nil {
		st.State6 = s.v6.State
	}
	if s.phase < Held {
		st.Trouble = cmp.Or(s.link, s.on.Trouble())
	}
	return st
}

// reply is the lease as the API shows it; nil: there is none.
func (s *Snapshot) reply(now clock.Instant) *leaseapi.Lease {
	if s.v4.Lease == nil && (s.v6 == nil || len(s.v6.Addrs) == 0) {
		return nil
	}
	names := s.names()
	r := &leaseapi.Lease{DNS: names.Servers, Search: names.Search}
	if s.v6 != nil {
		r.IPv6, r.Gateway6 = s.v6.Addrs, s.v6.Gateway
	}
	if l := s.v4.Lease; l != nil {
		r.Address, r.Server = l.Addr, l.Server
		r.Renew, r.Rebind, r.Expire = left(l.T1, now), left(l.T2, now), left(l.Expiry, now)
	}
	if s.v4.Bound != nil {
		showBinding(r, s.v4.Bound)
	}
	return r
}

func showBinding(r *leaseapi.Lease, bound *binding.Spec) {
	r.Address, r.MTU = bound.Addr, bound.MTU
	for _, b := range bound.Routes {
		if b.Dst.Bits() == 0 && !r.Gateway.IsValid() {
			r.Gateway = b.Via
		}
		r.Routes = append(r.Routes, leaseapi.Route{Destination: b.Dst, Gateway: b.Via})
	}
}

// left is the whole seconds until t; nil: never.
func left(t, now clock.Instant) *int64 {
	if t == clock.Never {
		return nil
	}
	s := int64(max(t.Sub(now), 0) / time.Second)
	return &s
}

// names is what servers and routers say of DNS, IPv4's first.
func (s *Snapshot) names() (n resolv.Names) {
	n = ipv4.Names(s.v4.Lease)
	if s.v6 == nil {
		return n
	}
	for _, more := range s.v6.Names {
		n.Servers = leaseapi.AppendNew(n.Servers, more.Servers)
		n.Search = leaseapi.AppendNew(n.Search, more.Search)
	}
	return n
}
