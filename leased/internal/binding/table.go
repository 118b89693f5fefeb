// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ErrNoMetric says that all metrics from the wanted one on are taken.
var ErrNoMetric = errors.New("no free metric")

// maxMetrics is how many are tried: more than a container has networks.
const maxMetrics = 256

// key is the part that two routes of one table cannot share, unless forced to.
type key struct {
	dst    netip.Prefix
	metric int
}

// owner is the set of owners of the routes with one key.
type owner uint8

const (
	mine   owner = 1 << iota // protocol dhcp on our interface
	theirs                   // any other: another network's, the user's
)

// table is the main routing table, seen from one interface.
type table map[key]owner

func readTable(h *netlink.Handle, ifindex int) (table, error) {
	routes, err := dump(func() ([]netlink.Route, error) { return h.RouteList(nil, netlink.FAMILY_V4) })
	t := table{}
	for _, r := range routes {
		who := theirs
		if r.Protocol == unix.RTPROT_DHCP && r.LinkIndex == ifindex {
			who = mine
		}
		t[key{prefix(r.Dst), r.Priority}] |= who
	}
	return t, err
}

// freeMetric returns the first metric from s.Metric on that no other owner has for any
// of s.Routes.
func (t table) freeMetric(s Spec) (int, error) {
	for m := s.Metric; m < s.Metric+maxMetrics; m++ {
		if !t.taken(s.Routes, m) {
			return m, nil
		}
	}
	return 0, fmt.Errorf("%w from %d on", ErrNoMetric, s.Metric)
}

func (t table) taken(routes []Route, metric int) bool {
	for _, r := range routes {
		if t[key{r.Dst, metric}]&theirs != 0 {
			return true
		}
	}
	return false
}
