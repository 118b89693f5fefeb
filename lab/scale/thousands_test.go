// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// segments is over how many LANs thousands of containers are spread: on one, each
// broadcast would go to each of them.
const segments = 25

// renewing are a server's arguments that have clients renew twice a minute or so.
func renewing(t1 int) []string {
	return []string{
		fmt.Sprintf("--dhcp-option-force=option:T1,%d", t1), "--dhcp-option-force=option:T2,90",
	}
}

// Thousands of leases: all bound, listed, and renewed, none lost by a restart, and
// all given back, whether their containers say goodbye or die. While nothing is under
// way leased holds no more than it does for a few.
func TestThousands(t *testing.T) {
	namespaces, t1 := 40, 10
	if long {
		namespaces, t1 = 200, 30
	}
	h := newHost(t, segments, renewing(t1)...)
	d := h.run()
	all := h.crowd(namespaces)
	begin := time.Now()
	each(t, all, 8, (*container).join)
	took(t, fmt.Sprintf("%d leases", len(all)), begin)
	h.agree(all)
	d.rests()
	h.renewed(all)

	asked := h.discovers()
	d.stop()
	begin = time.Now()
	d = h.run()
	took(t, "leased is there again", begin)
	h.agree(all)
	h.renewed(all)
	h.agree(all)
	if n := h.discovers() - asked; n > 0 {
		t.Errorf("%d DISCOVERs after the restart", n)
	}
	d.rests()
	h.goodbye(all)
	d.stop()
}

// crowd makes containers with their links: in each of so many namespaces one on each
// segment, so that none of two of the same LAN answers ARP in the other's name.
func (h *host) crowd(namespaces int) (all []*container) {
	h.t.Helper()
	defer took(h.t, "the links", time.Now())
	for range namespaces {
		ns := h.lan.Container()
		for _, s := range h.segments {
			all = append(all, h.container(ns, s))
		}
	}
	each(h.t, all, 4, (*container).plug)
	return all
}

// agree waits until leased, the servers and the kernel say the same of all, and
// nothing of others: leased answers a caller before it lists it as bound.
func (h *host) agree(all []*container) {
	h.t.Helper()
	eventually(h.t, "all agree", func() string {
		wrong := h.disagree(all)
		return strings.Join(wrong[:min(len(wrong), 10)], "\n")
	})
}

func (h *host) disagree(all []*container) (wrong []string) {
	h.t.Helper()
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	listed, tables, has := h.list(), h.table(), map[netip.Addr]bool{}
	if len(listed) != len(all) || len(tables) != len(all) {
		add("leased lists %d, the servers %d, want %d", len(listed), len(tables), len(all))
	}
	kernels := map[*testlan.NS]map[string]string{}
	for _, c := range all {
		if kernels[c.ns] == nil {
			kernels[c.ns] = addresses(h.t, c.ns)
		}
		s, addr := listed[c.at], c.lease.Address
		switch given, kernel := tables[c.mac.String()], kernels[c.ns][c.at.Interface]; {
		case s.Lease == nil || s.Lease.Address != addr || s.State != "BOUND" && s.State != "RENEWING":
			add("%s was given %s, and leased lists %s %+v", c.at.ContainerID, addr, s.State, s.Lease)
		case given.addr != addr.Addr().String():
			add("%s was given %s, and the server has %+v", c.at.ContainerID, addr, given)
		case kernel != addr.String():
			add("%s was given %s, and the kernel has %q", c.at.ContainerID, addr, kernel)
		case has[addr.Addr()]:
			add("%s was given %s, which another one has", c.at.ContainerID, addr)
		}
		has[addr.Addr()] = true
	}
	return wrong
}
