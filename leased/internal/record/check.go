// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"math"
	"net/netip"
	"path/filepath"
	"slices"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/dnsname"
	"podman-net-dhcp/leased/internal/request"
)

// Bounds on fields.
const (
	// maxList bounds every list. The codecs take at most 64 routes of a message; the
	// names of both leases and of all routers together are fewer.
	maxList    = 128
	maxText    = 255
	maxPath    = 4096 // PATH_MAX
	minMAC     = 6
	maxMAC     = 20 // bytes; InfiniBand's
	maxMTU     = 65535
	unnumbered = -1            // the number of a netns without one
	maxIndex   = math.MaxInt32 // of interfaces and netns
	maxMetric  = math.MaxUint32
)

// fault is something that cannot be.
type fault struct {
	is  bool
	why string
}

func first(faults ...fault) error {
	for _, f := range faults {
		if f.is {
			return errors.New(f.why)
		}
	}
	return nil
}

// check says why the record cannot be right. Renewal times in disorder are no reason:
// lease4.Restore and lease6.Restore put them in order.
func (d disk) check() error {
	for _, err := range []error{d.checkOwn(), d.Made.check(), d.Lease.check(), d.Bound.check(), d.IPv6.check(), d.Resolves.check(), d.File.check()} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *diskMade) check() error {
	if d == nil {
		return nil
	}
	_, known := request.ParseKind(d.Kind)
	_, shim := request.ParseShim(d.Shim)
	return first(fault{!known, "link: kind unknown"}, fault{d.MTU > maxMTU, "link: MTU too large"}, fault{!shim, "link: shim unknown"})
}

func (d disk) checkOwn() error {
	mac := len(d.ServerMAC)
	return first(
		fault{len(d.BootID) > maxText, "boot id: too long"},
		fault{!isIndex(d.Request.Link.Index), "link: index out of range"},
		fault{d.Number < unnumbered || d.Number > maxIndex, "netns: number out of range"},
		fault{mac != 0 && mac < minMAC || mac > maxMAC, "server MAC: a length that no MAC has"},
		fault{d.Until < 0, "hold: ends before the boot"},
		fault{d.Making && (!d.Waiting || d.Held), "a link that is being made, with a lease"},
		fault{d.Waiting && d.Lease.Addr.IsValid(), "waiting with a lease"},
		fault{!d.Waiting && (!isIPv4(d.Lease.Addr) || !d.Lease.Server.Is4()), "a lease without address or server"},
	)
}

func (d diskLease) check() error {
	return first(
		fault{min(d.Start, d.T1, d.T2, d.Expiry) < 0, "lease: a time before the boot"},
		fault{!areRoutes(d.Routes), "lease: impossible routes"},
		fault{d.MTU < 0 || d.MTU > maxMTU, "lease: MTU out of range"},
		fault{d.Domain != "" && !isName(d.Domain), "lease: impossible domain"},
		fault{!areServers(d.DNS) || !areNames(d.Search), "lease: impossible DNS servers or search domains"},
	)
}

// check lets the zero value pass, which is no binding.
func (d diskSpec) check() error {
	return first(
		fault{!isIndex(d.Ifindex), "binding: index out of range"},
		fault{d.Addr.IsValid() && !isIPv4(d.Addr), "binding: impossible address"},
		fault{d.Valid < 0, "binding: a negative lifetime"},
		fault{!areRoutes(d.Routes), "binding: impossible routes"},
		fault{d.Metric < 0 || int64(d.Metric) > maxMetric, "binding: metric out of range"},
		fault{d.MTU < 0 || d.MTU > maxMTU, "binding: MTU out of range"},
		fault{!d.Sources.possible(), "binding: impossible addresses of other networks"},
	)
}

func (d *diskSources) possible() bool {
	return d == nil || len(d.Others) <= maxList && !slices.ContainsFunc(d.Others, func(o diskOther) bool {
		return !o.Addr.Is4() || !isIPv4(o.Subnet) || !isIndex(o.Ifindex) || o.Via.IsValid() && !o.Via.Is4()
	})
}

func (d *diskIPv6) check() error {
	if d == nil {
		return nil
	}
	if err := d.Lease.check(); err != nil {
		return err
	}
	if err := d.Bound.check(); err != nil {
		return err
	}
	if f := d.Flood; f.Until < 0 || f.Rest < 0 || f.Rest > MaxFloodRest {
		return errors.New("impossible flood of router advertisements")
	}
	return d.Routers.check()
}

func (d diskLease6) check() error {
	bad := func(a diskAddr6) bool { return !a.Addr.Is6() || len(d.Server) == 0 }
	early := func(a diskAddr6) bool { return min(a.Preferred, a.Valid) < 0 }
	return first(
		fault{len(d.Addrs) > maxList || len(d.Server) > dhcp6.MaxDUID, "DHCPv6 lease: too long"},
		fault{slices.ContainsFunc(d.Addrs, bad), "a DHCPv6 lease without address or server"},
		fault{min(d.Start, d.T1, d.T2) < 0 || slices.ContainsFunc(d.Addrs, early), "DHCPv6 lease: a time before the boot"},
		fault{!areServers(d.DNS) || !areNames(d.Search), "DHCPv6 lease: impossible DNS servers or search domains"},
	)
}

func (d *diskSpec6) check() error {
	if d == nil {
		return nil
	}
	bad := func(l diskLifetime) bool { return !l.Addr.Is6() || min(l.Preferred, l.Valid) < 0 }
	return first(
		fault{!isIndex(d.Ifindex), "IPv6 binding: index out of range"},
		fault{len(d.Addrs) > maxList || slices.ContainsFunc(d.Addrs, bad), "IPv6 binding: impossible addresses"},
	)
}

func (d *diskNames) check() error {
	return first(fault{d != nil && (!areServers(d.Servers) || !areNames(d.Search)), "impossible DNS servers or search domains"})
}

func (d *diskFile) check() error {
	return first(fault{d != nil && (!filepath.IsAbs(d.Path) || len(d.Path) > maxPath || d.Inode == 0), "impossible resolv.conf"})
}

func isIndex(i int) bool { return i >= 0 && i <= maxIndex }

func isIPv4(p netip.Prefix) bool { return p.IsValid() && p.Addr().Is4() }

func areRoutes(list []diskRoute) bool {
	bad := func(r diskRoute) bool { return !isIPv4(r.Dst) || r.Via.IsValid() && !r.Via.Is4() }
	return len(list) <= maxList && !slices.ContainsFunc(list, bad)
}

func areServers(list []netip.Addr) bool {
	bad := func(a netip.Addr) bool { return !a.IsValid() || a.Zone() != "" }
	return len(list) <= maxList && !slices.ContainsFunc(list, bad)
}

func areNames(list []string) bool {
	bad := func(s string) bool { return !isName(s) }
	return len(list) <= maxList && !slices.ContainsFunc(list, bad)
}

// isName reports whether s is a name that the codecs let through.
func isName(s string) bool { return s != "" && dnsname.Valid(s) == s }
