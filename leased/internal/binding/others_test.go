// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"math"
	"strings"
	"testing"
)

// Who is root in the container may take away what is ours. It is not fought over:
// the next renewal puts it back, and until then nothing happens.
func TestWhatTheContainerTookAwayComesBack(t *testing.T) {
	for name, take := range map[string][]string{
		"address": {"ip", "addr", "flush", "dev", "eth0"}, // and the routes with it
		"route":   {"ip", "route", "del", "default"},
		"routes":  {"ip", "route", "flush", "dev", "eth0"}, // the kernel's to the subnet, too
		"link":    {"ip", "link", "set", "eth0", "down"},   // the routes go
	} {
		t.Run(name, func(t *testing.T) {
			_, link := onVeth(t)
			s := lease(link, first)
			s.Routes = append(s.Routes, Route{Dst: doc})
			prev := apply(t, link, s, nil)
			link.NS.Run(take...)
			link.Set("up")
			prev = apply(t, link, s, &prev)
			wantAddrs(t, link, first)
			if subnet := link.NS.Run("ip", "route", "show", "proto", "kernel"); !strings.Contains(subnet, "192.0.2.0/24 dev eth0 scope link src 192.0.2.77") {
				t.Errorf("the kernel's routes are %q", subnet)
			}
			wantRoutes(t, link.NS, fromFirst, "198.51.100.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 100")
			must(t, remove(link, prev))
			wantAddrs(t, link)
			wantRoutes(t, link.NS)
		})
	}
}

// The very address is there already, for ever, as an image's own script may have it:
// it gets the lease's time, for whoever has no lease must not keep the address.
func TestAddressIsThereAlready(t *testing.T) {
	_, link := onVeth(t)
	link.NS.Run("ip", "addr", "add", first.String(), "dev", "eth0")
	done := apply(t, link, lease(link, first), nil)
	wantAddrs(t, link, first)
	if a := addrs(link)[0]; off(a.ValidLft, 3600) {
		t.Errorf("the address lives for %d s", a.ValidLft)
	}
	wantRoutes(t, link.NS, fromFirst)
	must(t, remove(link, done))
	wantAddrs(t, link)
}

// Addresses of others stay, on our interface too, through a lease's whole life.
func TestOthersAddressStays(t *testing.T) {
	_, link := onVeth(t)
	own := first.Addr().Next().Next()
	link.NS.Run("ip", "addr", "add", own.String()+"/24", "dev", "eth0")
	prev := apply(t, link, lease(link, first), nil)
	prev = apply(t, link, lease(link, second), &prev)
	must(t, remove(link, prev))
	all := addrs(link)
	if len(all) != 1 || prefix(all[0].IPNet).Addr() != own || all[0].ValidLft != math.MaxUint32 {
		t.Errorf("left are %v", all)
	}
}
