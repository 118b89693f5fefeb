// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// link is what ip -j -d address shows of one.
type link struct {
	IfName    string   `json:"ifname"`
	IfIndex   int      `json:"ifindex"`
	LinkIndex int      `json:"link_index"`
	Address   string   `json:"address"`
	MTU       int      `json:"mtu"`
	OperState string   `json:"operstate"`
	Flags     []string `json:"flags"`
	Master    string   `json:"master"`
	Alias     string   `json:"ifalias"`
	AddrInfo  []ipaddr `json:"addr_info"`
	LinkInfo  struct {
		Kind string `json:"info_kind"`
		Data struct {
			Mode string `json:"mode"`
		} `json:"info_data"`
		SlaveData struct {
			Isolated bool `json:"isolated"`
		} `json:"info_slave_data"`
	} `json:"linkinfo"`
}

// ipaddr is one of its addresses.
type ipaddr struct {
	Family     string `json:"family"`
	Local      string `json:"local"`
	PrefixLen  int    `json:"prefixlen"`
	Valid      int    `json:"valid_life_time"`
	Scope      string `json:"scope"`
	Deprecated bool   `json:"deprecated"`
	Tentative  bool   `json:"tentative"` // nobody has it yet, or somebody else has
}

// link returns one of the container's.
func (c *container) link(name string) link {
	c.s.Helper()
	for _, l := range c.links() {
		if l.IfName == name {
			return l
		}
	}
	c.s.Fatalf("%v has no link %s", c, name)
	return link{}
}

func (c *container) links() []link {
	c.s.Helper()
	return mustJSON[[]link](c.s, "nsenter", in(c.pid(), "ip", "-j", "-d", "address")...)
}

// linkNames are those of all links of the container but lo.
func (c *container) linkNames() (names []string) {
	c.s.Helper()
	for _, l := range c.links() {
		if l.IfName != "lo" {
			names = append(names, l.IfName)
		}
	}
	slices.Sort(names)
	return names
}

// hostEnd is the host's end of the container's veth.
func (c *container) hostEnd(name string) link {
	c.s.Helper()
	index := c.link(name).LinkIndex
	for _, l := range mustJSON[[]link](c.s, "ip", "-j", "-d", "address") {
		if l.IfIndex == index {
			return l
		}
	}
	c.s.Fatalf("%v: %s has no host end", c, name)
	return link{}
}

// ipv4 are the IPv4 addresses of a link, with their prefix lengths.
func (l link) ipv4() (all []string) {
	for _, a := range l.AddrInfo {
		if a.Family == "inet" {
			all = append(all, fmt.Sprintf("%s/%d", a.Local, a.PrefixLen))
		}
	}
	return all
}

func (l link) valid() int {
	for _, a := range l.AddrInfo {
		if a.Family == "inet" {
			return a.Valid
		}
	}
	return -1
}

type route struct {
	Dst, Gateway, Dev, Protocol string
	Metric                      int
	Flags                       []string
}

func (r route) String() string {
	s := r.Dst
	if r.Gateway != "" {
		s += " via " + r.Gateway
	}
	s += " dev " + r.Dev
	if slices.Contains(r.Flags, "onlink") {
		s += " onlink"
	}
	if r.Protocol != "dhcp" {
		s += " proto " + r.Protocol
	}
	return fmt.Sprintf("%s metric %d", s, r.Metric)
}

// routes are the container's IPv4 routes but those that the kernel makes of its
// addresses: "default via 192.0.2.1 dev eth0 metric 90".
func (c *container) routes() (all []string) {
	c.s.Helper()
	for _, r := range mustJSON[[]route](c.s, "nsenter", in(c.pid(), "ip", "-j", "-4", "route")...) {
		if r.Protocol != "kernel" {
			all = append(all, r.String())
		}
	}
	slices.Sort(all)
	return all
}

func (c *container) hasRoutes(want ...string) {
	c.s.Helper()
	slices.Sort(want)
	equal(c.s, c.name+"'s routes", strings.Join(c.routes(), ", "), strings.Join(want, ", "))
}

// way is what the container's kernel answers to: how do I get there?
func (c *container) way(to string) (dev string) {
	c.s.Helper()
	r := mustJSON[[]route](c.s, "nsenter", in(c.pid(), "ip", "-j", "route", "get", to)...)
	return r[0].Dev
}

// hostLink is one of the host's.
func hostLink(t testing.TB, name string) link {
	t.Helper()
	return mustJSON[[]link](t, "ip", "-j", "-d", "address", "show", "dev", name)[0]
}

// parseLines reads one JSON document a line, or a JSON text sequence (RFC 7464),
// which is what varlinkctl --more prints.
func parseLines[T any](t testing.TB, text string) (all []T) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(strings.ReplaceAll(text, "\x1e", ""))); d.More(); {
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		all = append(all, v)
	}
	return all
}
