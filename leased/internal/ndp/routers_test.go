// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// at is n seconds after the test began.
func at(n int64) clock.Instant { return clock.Instant(1000+n) * clock.Instant(time.Second) }

// script is a LAN's story, which is checked sentence by sentence.
type script struct {
	t *testing.T
	Routers
}

// hears parses and takes in an advertisement at second n, and wants to be told so.
func (s *script) hears(n int64, from netip.Addr, icmp []byte, news bool) {
	s.t.Helper()
	a, err := Parse(icmp, from)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := s.Heard(at(n), a); got != news {
		s.t.Errorf("at %d s from %v: changed is %v, want %v", n, from, got, news)
	}
}

// says compares what is said in the form "MOA fd00::53 lan until 30"; "-" is nothing.
func (s *script) says(n int64, want string) {
	s.t.Helper()
	said := s.Says(at(n))
	got := ""
	for _, flag := range []struct {
		on   bool
		name string
	}{{said.Any, "+"}, {said.Managed, "M"}, {said.Other, "O"}, {said.Autonomous, "A"}} {
		if flag.on {
			got += flag.name
		}
	}
	for _, a := range said.DNS {
		got += " " + a.String()
	}
	for _, name := range said.Search {
		got += " " + name
	}
	if next := s.Deadline(at(n)); next != clock.Never {
		got += fmt.Sprintf(" until %d", int64(next.Sub(at(0))/time.Second))
	}
	if got != want {
		s.t.Errorf("at %d s: %q, want %q", n, got, want)
	}
}

var (
	router2 = addr("fe80::2")
	router3 = addr("fe80::3")
)

func TestRoutersSayNothingAtFirst(t *testing.T) {
	s := script{t: t}
	s.says(0, "")
	s.hears(0, router1, ra(0xc0, 0), false) // no lifetime at all: over as it is said
	s.says(0, "")
	if len(s.all) != 0 {
		t.Errorf("%d routers", len(s.all))
	}
}

func TestRoutersRefreshIsNoChange(t *testing.T) {
	s := script{t: t}
	full := ra(0x40, 100, optionPrefix("fd00::", 64, 0x40, 50, 90), optionDNS(80, "fd00::53"), optionSearch(70, "\x03lan\x00"))
	s.hears(0, router1, full, true)
	s.says(0, "+OA fd00::53 lan until 50")
	s.hears(10, router1, full, false)
	s.says(10, "+OA fd00::53 lan until 60")
	// What is not said again goes on as it was.
	s.hears(20, router1, ra(0x40, 200), false)
	s.says(20, "+OA fd00::53 lan until 60")
	s.says(60, "+OA fd00::53 lan until 80") // deprecated
	s.says(80, "+OA fd00::53 until 90")
	s.says(90, "+OA until 100")
	s.says(100, "+O until 220")
	s.says(220, "")
	s.hears(220, router2, ra(0, 0), false)
	if len(s.all) != 0 {
		t.Errorf("%d routers", len(s.all))
	}
}

func TestRoutersTellEachChange(t *testing.T) {
	p := func(flags byte, preferred, valid uint32) []byte {
		return optionPrefix("fd00::", 64, flags, preferred, valid)
	}
	s := script{t: t}
	for n, step := range []struct {
		icmp []byte
		news bool
		says string
	}{
		{ra(0, 1000), true, "+ until 1000"},
		{ra(0x40, 1000), true, "+O until 1001"},
		{ra(0x80, 1000), true, "+M until 1002"},
		{ra(0x88, 1000), false, "+M until 1003"}, // a preference alone says nothing new
		{ra(0, 1000, p(0x40, 900, 900)), true, "+A until 904"},
		{ra(0, 1000, p(0x40, 0, 900)), true, "+A until 905"}, // deprecated
		{ra(0, 1000, p(0x40, 0, 800)), false, "+A until 806"},
		{ra(0, 1000, p(0x40, 1, 900)), true, "+A until 8"}, // preferred again, up to the next
		{ra(0, 1000, p(0x40, 0, 0)), true, "+ until 1008"}, // gone
		{ra(0, 1000, p(0, 900, 900)), false, "+ until 1009"},
		{ra(0, 1000, p(0x40, 900, Infinite)), true, "+A until 910"},
		{ra(0, 1000, p(0, 900, 900)), true, "+ until 1011"}, // not autonomous any more
		{ra(0, 1000, optionDNS(Infinite, "fd00::1", "fd00::2")), true, "+ fd00::1 fd00::2 until 1012"},
		{ra(0, 1000, optionDNS(Infinite, "fd00::2", "fd00::1")), false, "+ fd00::1 fd00::2 until 1013"},
		{ra(0, 1000, optionDNS(0, "fd00::1")), true, "+ fd00::2 until 1014"},
		{ra(0, 1000, optionDNS(0, "fd00::9")), false, "+ fd00::2 until 1015"},
		{ra(0, 1000, optionSearch(900, "\x01a\x00\x01b\x00")), true, "+ fd00::2 a b until 916"},
		{ra(0, 1000, optionSearch(0, "\x01a\x00")), true, "+ fd00::2 b until 916"},
		{ra(0xc0, 0), true, " fd00::2 b until 916"}, // no default router, and its flags have no other measure
		{ra(0xc0, 0, optionDNS(9, "fd00::2")), true, "+MO fd00::2 b until 28"},
		{ra(0xc0, 0, p(0, 0, 20)), false, "+MO fd00::2 b until 28"},
	} {
		s.hears(int64(n), router1, step.icmp, step.news)
		s.says(int64(n), step.says)
	}
}

// Renumbering by several prefixes: the set counts, not their order, nor who says it.
func TestRoutersCompareTheSetOfPrefixes(t *testing.T) {
	one, two := optionPrefix("fd00:1::", 64, 0x40, 100, 100), optionPrefix("fd00:2::", 64, 0x40, 100, 100)
	s := script{t: t}
	s.hears(0, router1, ra(0, 100, one, two), true)
	s.hears(1, router2, ra(0, 100, two, one), false)
	s.hears(2, router1, ra(0, 100, optionPrefix("fd00:1::", 64, 0x40, 0, 0)), false) // router2 has it still
	s.hears(3, router2, ra(0, 100, optionPrefix("fd00:1::", 64, 0x40, 0, 100)), true)
	s.hears(4, router2, ra(0, 100, optionPrefix("fd00:3::", 64, 0x40, 100, 100)), true)
}

// What ended while nobody asked is told with the next advertisement, and once.
func TestRoutersTellWhatHasEndedMeanwhile(t *testing.T) {
	s := script{t: t}
	plain := ra(0, 1000)
	s.hears(0, router1, ra(0, 1000, optionDNS(10, "fd00::1")), true)
	s.hears(20, router1, plain, true)
	s.hears(21, router1, plain, false)
	s.hears(30, router1, ra(0, 1000, optionDNS(10, "fd00::1")), true)
	s.says(40, "+ until 1030") // asked, and so told
	s.hears(41, router1, plain, false)
	s.hears(50, router1, ra(0, 1000, optionPrefix("fd00::", 64, 0x40, 10, 90)), true)
	s.says(60, "+A until 140") // deprecated, and told
	s.hears(61, router1, plain, false)
	s.hears(62, router1, ra(0, 1000, optionPrefix("fd00::", 64, 0x40, 10, 90)), true)
	s.hears(73, router1, plain, true) // deprecated again
}

func TestRoutersTogether(t *testing.T) {
	s := script{t: t}
	s.hears(0, router1, ra(0x40, 30, optionDNS(100, "fd00::1", "fd00::9"), optionSearch(100, "\x01a\x00\x01z\x00")), true)
	s.hears(0, router2, ra(0x88, 20, optionDNS(100, "fd00::2", "fd00::9"), optionSearch(100, "\x01b\x00\x01z\x00")), true)
	s.hears(0, router3, ra(0x18, 10, optionDNS(100, "fd00::3"), optionPrefix("fd00::", 64, 0x40, 5, 15)), true)
	s.says(0, "+MOA fd00::2 fd00::9 fd00::1 fd00::3 b z a until 5")
	s.says(10, "+MOA fd00::2 fd00::9 fd00::1 fd00::3 b z a until 15")
	s.says(15, "+MO fd00::2 fd00::9 fd00::1 fd00::3 b z a until 20")
	s.says(20, "+O fd00::2 fd00::9 fd00::1 fd00::3 b z a until 30")
	s.says(30, " fd00::2 fd00::9 fd00::1 fd00::3 b z a until 100")
	s.says(100, "")
}

func TestRoutersInfinite(t *testing.T) {
	s := script{t: t}
	s.hears(0, router1, ra(0x80, 0, optionPrefix("fd00::", 64, 0x40, Infinite, Infinite)), true)
	s.says(0, "+MA")
	s.says(1<<32, "+MA")
}

// The caller may do with it what it likes.
func TestSaidIsTheCallers(t *testing.T) {
	s := script{t: t}
	icmp := ra(0, 100, optionDNS(100, "fd00::1"), optionSearch(100, "\x01a\x00"))
	s.hears(0, router1, icmp, true)
	said := s.Says(at(0))
	said.DNS[0], said.Search[0] = router1, "b"
	s.hears(1, router1, icmp, false)
}
