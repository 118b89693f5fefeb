// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/lab/testlan"
)

// addresses are a namespace's, by interface; more than one are named one after the other.
func addresses(t *testing.T, ns *testlan.NS) map[string]string {
	t.Helper()
	all := map[string]string{}
	ns.Netlink(func(h *netlink.Handle) error {
		links, err := h.LinkList()
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return err
		}
		names := map[int]string{}
		for _, l := range links {
			names[l.Attrs().Index] = l.Attrs().Name
		}
		addrs, err := h.AddrList(nil, netlink.FAMILY_V4)
		for _, a := range addrs {
			all[names[a.LinkIndex]] += a.IPNet.String()
		}
		if errors.Is(err, netlink.ErrDumpInterrupted) { // a renewal is no change to an address
			err = nil
		}
		return err
	})
	return all
}

// tally is how often a server has heard and said what, by kind and MAC.
func (s *segment) tally() map[string]int {
	all := map[string]int{}
	for _, event := range s.server.Log() {
		kind, rest, _ := strings.Cut(event, " ")
		for word := range strings.FieldsSeq(rest) {
			if _, err := net.ParseMAC(word); err == nil {
				all[kind+" "+word]++
				break
			}
		}
	}
	return all
}

// account is what is known of renewals: all in one.
type account struct {
	tally    map[string]int
	unicasts map[string]int // by address
	table    map[string]given
}

func (h *host) account() account {
	h.t.Helper()
	a := account{map[string]int{}, map[string]int{}, h.table()}
	for _, s := range h.segments {
		for what, n := range s.tally() {
			a.tally[what] += n
		}
		for addr, n := range s.renewals() {
			a.unicasts[addr] += n
		}
	}
	return a
}

// renewed waits until all are renewed once from now on: the server's log has REQUEST
// and ACK, it came by unicast, and the server's table has another end of the lease.
func (h *host) renewed(all []*container) {
	h.t.Helper()
	defer took(h.t, "all renewed", time.Now())
	before := h.account()
	eventually(h.t, "all are renewed", func() string {
		missing, one, now := 0, "", h.account()
		for _, c := range all {
			if !c.renewed(before, now) {
				missing, one = missing+1, c.at.ContainerID
			}
		}
		if missing == 0 {
			return ""
		}
		return fmt.Sprintf("%d are not, as %s", missing, one)
	})
}

func (c *container) renewed(before, now account) bool {
	mac, addr := c.mac.String(), c.lease.Address.Addr().String()
	return now.tally["DHCPREQUEST "+mac] > before.tally["DHCPREQUEST "+mac] &&
		now.tally["DHCPACK "+mac] > before.tally["DHCPACK "+mac] &&
		now.unicasts[addr] > before.unicasts[addr] &&
		now.table[mac].addr == addr && now.table[mac].expires > before.table[mac].expires
}

// goodbye ends all: every other namespace with a word to leased, the others without.
func (h *host) goodbye(all []*container) {
	h.t.Helper()
	defer took(h.t, "all given back", time.Now())
	polite := map[*testlan.NS]bool{}
	var leaving []*container
	for _, c := range all {
		if _, known := polite[c.ns]; !known {
			polite[c.ns] = len(polite)%2 == 0
		}
		if polite[c.ns] {
			leaving = append(leaving, c)
		}
	}
	each(h.t, leaving, 8, (*container).leave)
	for ns := range polite {
		ns.Delete()
	}
	h.empty()
}

// empty waits until neither leased nor a server knows of anybody.
func (h *host) empty() {
	h.t.Helper()
	eventually(h.t, "all are given back", func() string {
		listed, tables := len(h.list()), len(h.table())
		if listed+tables == 0 {
			return ""
		}
		return fmt.Sprintf("leased lists %d, the servers %d", listed, tables)
	})
}
