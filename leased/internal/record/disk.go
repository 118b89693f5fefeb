// SPDX-License-Identifier: Apache-2.0

package record

import (
	"net/netip"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/clock"
)

// The types on disk. Those without tags have the names of their fields in the files,
// from the days when the domain's types were written as they are.
type (
	disk struct {
		Version   int                     `json:"version"`
		BootID    string                  `json:"bootId"`
		Request   leaseapi.AcquireRequest `json:"request"`
		Cookie    uint64                  `json:"cookie"`
		Number    int                     `json:"number"`
		Inode     uint64                  `json:"inode"`
		ServerMAC []byte                  `json:"serverMac,omitempty"`
		Waiting   bool                    `json:"waiting,omitempty"`
		Making    bool                    `json:"making,omitempty"`
		Held      bool                    `json:"held,omitempty"`
		Guard     bool                    `json:"guard,omitempty"`
		Made      *diskMade               `json:"made,omitempty"`
		Until     clock.Instant           `json:"until,omitempty"`
		Lease     diskLease               `json:"lease"`
		Bound     diskSpec                `json:"bound"`
		IPv6      *diskIPv6               `json:"six,omitempty"`
		Resolves  *diskNames              `json:"resolves,omitempty"`
		File      *diskFile               `json:"resolvConf,omitempty"`
	}
	diskMade struct {
		Kind    string `json:"kind"`
		Isolate bool   `json:"isolate,omitempty"`
		Shim    string `json:"shim,omitempty"`
		MTU     uint32 `json:"mtu,omitempty"`
	}
	diskMemo struct {
		disk
		Written time.Time     `json:"written"`
		Expires time.Time     `json:"expires,omitzero"`
		At      clock.Instant `json:"at"`
		Former  bool          `json:"former,omitempty"`
	}
	diskLease struct {
		Addr                  netip.Prefix
		Server                netip.Addr
		Start, T1, T2, Expiry clock.Instant
		Routes                []diskRoute
		DNS                   []netip.Addr
		Domain                string
		Search                []string
		MTU                   int
	}
	diskRoute struct {
		Dst netip.Prefix
		Via netip.Addr
	}
	diskSpec struct {
		Ifindex int
		Addr    netip.Prefix
		Valid   time.Duration
		Routes  []diskRoute
		Metric  int
		MTU     int
		Sources *diskSources `json:"sources,omitempty"`
	}
	diskSources struct {
		Others []diskOther `json:"others,omitempty"`
	}
	diskOther struct {
		Addr    netip.Addr   `json:"addr"`
		Subnet  netip.Prefix `json:"subnet"`
		Ifindex int          `json:"ifindex"`
		Via     netip.Addr   `json:"via"`
	}
	diskIPv6 struct {
		Lease   diskLease6 `json:"lease"`
		Bound   *diskSpec6 `json:"bound,omitempty"`
		Routers diskNames  `json:"routers"`
		Flood   diskFlood  `json:"flood,omitzero"`
		Deaf    bool       `json:"deaf,omitempty"`
	}
	diskFlood struct {
		Until clock.Instant `json:"until"`
		Rest  time.Duration `json:"rest"`
	}
	diskLease6 struct {
		Addrs         []diskAddr6
		Server        []byte
		Start, T1, T2 clock.Instant
		DNS           []netip.Addr
		Search        []string
	}
	diskAddr6 struct {
		Addr             netip.Addr
		Preferred, Valid clock.Instant
	}
	diskSpec6 struct {
		Ifindex int
		Addrs   []diskLifetime
	}
	diskLifetime struct {
		Addr             netip.Addr
		Preferred, Valid time.Duration
	}
	diskNames struct {
		Servers []netip.Addr
		Search  []string
	}
	diskFile struct {
		Path          string
		Device, Inode uint64
	}
)
