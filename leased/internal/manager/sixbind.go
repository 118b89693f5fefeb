// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
)

// bind6 applies what DHCPv6 has brought. Its addresses may be used while DAD is under
// way (RFC 4429 §3.1 has DHCPv6's among those that may); look6 sees how that ends.
func (e *entry) bind6(l lease6.Lease) {
	j, s := e.job, e.job.six
	spec := spec6(l, j.place.Index, e.now())
	if len(spec.Addrs) > 0 || s.bound != nil {
		if err := e.m.cfg.Kernel.Apply6(j.place, spec, s.bound); err != nil {
			e.unbindable6(spec, err)
			return
		}
	}
	for _, a := range spec.Addrs {
		if !brought(s.bound, a.Addr) {
			s.unsure = append(s.unsure, a.Addr)
			j.log().Info("IPv6 bound", "addr", a.Addr, "source", leaseapi.SourceDHCP)
		}
	}
	s.bound, s.again, s.failures = &spec, clock.Never, 0
	s.lookAt = e.now() // the look, after this message, answers who waits
	if len(j.waiters) == 0 {
		e.publish()
	}
	e.remember()
}

func spec6(l lease6.Lease, ifindex int, now clock.Instant) binding.Spec6 {
	spec := binding.Spec6{Ifindex: ifindex}
	left := func(t clock.Instant) time.Duration {
		if t == clock.Never {
			return binding.Forever
		}
		return max(t.Sub(now), 0)
	}
	for _, a := range l.Addrs {
		spec.Addrs = append(spec.Addrs, binding.Lifetime{Addr: a.Addr, Preferred: left(a.Preferred), Valid: left(a.Valid)})
	}
	return spec
}

func (e *entry) unbindable6(spec binding.Spec6, err error) {
	j, s := e.job, e.job.six
	if kernel.IsGone(err) {
		e.lost(err)
		return
	}
	j.log().Error("apply the IPv6 lease", "err", err)
	if s.bound == nil {
		failures := s.failures
		s.bound = &spec
		e.remove6() // what is there in part
		s.failures = failures
	}
	if j.ending == nil {
		s.again = e.now().Add(time.Second << min(s.failures, 6)) // 1, 2, 4 … 64 s
		s.failures++
	}
}

// retry6 tries again to apply the lease there is.
func (e *entry) retry6() {
	s := e.job.six
	s.again = clock.Never
	if l, ok := s.machine.Lease(); ok {
		e.bind6(l)
	}
}

func (e *entry) unbind6(why string) {
	s := e.job.six
	if s == nil {
		return
	}
	if s.bound != nil && len(s.bound.Addrs) > 0 {
		e.job.log().Info("IPv6 unbind", "reason", why)
	}
	e.remove6()
}

// remove6 takes DHCPv6's addresses away. What the kernel has made itself goes with
// the link, or with the router that it is from.
func (e *entry) remove6() {
	j, s := e.job, e.job.six
	bound := s.bound
	s.bound, s.unsure, s.again, s.failures = nil, nil, clock.Never, 0
	if bound == nil || len(bound.Addrs) == 0 {
		return
	}
	err := e.m.cfg.Kernel.Remove6(j.place, *bound)
	if err != nil && !kernel.IsGone(err) { // then there is nothing to remove
		j.log().Error("remove the IPv6 binding", "err", err)
	}
}

// duplicates finds the addresses whose DAD has failed since the last look, and
// declines them: the kernel removes such an address, or marks it. One that is gone
// without DAD somebody in the container has removed.
func (e *entry) duplicates() {
	j, s := e.job, e.job.six
	unsure := s.unsure
	s.unsure = nil
	var failed []netip.Addr
	for _, addr := range unsure {
		i := slices.IndexFunc(s.seen.Addrs, func(a binding.Addr6) bool { return a.Prefix.Addr() == addr })
		switch {
		case i < 0 || s.seen.Addrs[i].Failed:
			failed = append(failed, addr)
		case !s.seen.Addrs[i].Settled:
			s.unsure = append(s.unsure, addr)
		}
	}
	for _, addr := range failed {
		if j.ending != nil || s.off != "" {
			return
		}
		j.log().Warn("IPv6 address in use by another host", "addr", addr)
		e.step6(lease6.DuplicateFound{Addr: addr})
	}
}

// advertise6 tells the LAN of each address whose DAD is over since the last look:
// who had it before, as the same container with another MAC, is in its neighbours'
// caches still (RFC 4861 §7.2.6).
func (e *entry) advertise6(was binding.State6) {
	j := e.job
	for _, a := range j.six.seen.Addrs {
		if old, had := find(was, a); !had || old.Settled || !a.Settled || a.Failed {
			continue
		}
		if err := e.m.cfg.Kernel.Advertise(j.place, a.Prefix.Addr()); err != nil && !kernel.IsGone(err) {
			j.log().Warn("advertise an IPv6 address", "addr", a.Prefix.Addr(), "err", err)
		}
	}
}

// changes6 logs what the kernel has made of the routers' advertisements.
func (j *job) changes6(was, is binding.State6) {
	for _, a := range is.Addrs {
		old, had := find(was, a)
		switch {
		case !a.Autoconf || !a.Usable:
		case !had || !old.Usable:
			j.log().Info("IPv6 bound", "addr", a.Prefix.Addr(), "source", leaseapi.SourceSLAAC)
		case a.Preferred == 0 && old.Preferred > 0:
			j.log().Info("IPv6 address deprecated", "addr", a.Prefix.Addr())
		}
	}
	for _, a := range was.Addrs {
		if _, has := find(is, a); a.Autoconf && !has {
			j.log().Info("IPv6 address gone", "addr", a.Prefix.Addr())
		}
	}
	if is.Gateway != was.Gateway && was.Gateway.IsValid() {
		j.log().Info("lease changed", "what", "IPv6 gateway", "was", was.Gateway, "is", is.Gateway)
	}
}

func find(s binding.State6, addr binding.Addr6) (binding.Addr6, bool) {
	for _, a := range s.Addrs {
		if a.Prefix == addr.Prefix {
			return a, true
		}
	}
	return binding.Addr6{}, false
}

// same6 says that nothing has changed that anybody is shown.
func same6(a, b binding.State6) bool {
	return a.Gateway == b.Gateway && slices.EqualFunc(a.Addrs, b.Addrs, func(x, y binding.Addr6) bool {
		return x.Prefix == y.Prefix && x.Usable == y.Usable && x.Failed == y.Failed && (x.Preferred == 0) == (y.Preferred == 0)
	})
}
