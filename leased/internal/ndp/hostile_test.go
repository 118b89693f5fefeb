// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"runtime"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// Cut anywhere, the golden advertisement is refused or says less, and what is left
// is right; cut between options it is always taken.
func TestParseOfEachTruncation(t *testing.T) {
	whole := []int{16, 24, 32, 64, 104, 136}
	for n := range len(golden) + 1 {
		a, err := Parse(slices.Clip(golden[:n]), router1)
		if (err == nil) != slices.Contains(whole, n) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if err == nil {
			checkAdvertisement(t, a)
		}
	}
}

func TestParseOfEachFlippedBit(t *testing.T) {
	for n := range len(golden) * 8 {
		b := bytes.Clone(golden)
		b[n/8] ^= 1 << (n % 8)
		if a, err := Parse(b, router1); err == nil {
			checkAdvertisement(t, a)
		}
	}
}

var nameForm = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// checkAdvertisement holds a to what its comments promise.
func checkAdvertisement(t *testing.T, a Advertisement) {
	t.Helper()
	if !a.From.IsLinkLocalUnicast() || a.From.Zone() != "" || a.Lifetime > 65535 || a.Preference < -1 || a.Preference > 1 {
		t.Errorf("head %+v", a)
	}
	if len(a.Prefixes) > MaxPrefixes {
		t.Errorf("%d prefixes", len(a.Prefixes))
	}
	for _, p := range a.Prefixes {
		at := p.Prefix.Addr()
		if p.Prefix != p.Prefix.Masked() || !p.Prefix.IsValid() || at.IsLinkLocalUnicast() || at.IsMulticast() ||
			p.Preferred > p.Valid || p.Autonomous && p.Prefix.Bits() != 64 {
			t.Errorf("prefix %+v", p)
		}
	}
	var addrs []netip.Addr
	for _, s := range a.DNS {
		addrs = append(addrs, s.Addrs...)
		if len(s.Addrs) == 0 {
			t.Error("no servers")
		}
	}
	var names []string
	for _, d := range a.Search {
		names = append(names, d.Names...)
		if len(d.Names) == 0 {
			t.Error("no names")
		}
	}
	checkLists(t, addrs, names)
}

func checkLists(t *testing.T, addrs []netip.Addr, names []string) {
	t.Helper()
	if len(addrs) > MaxDNS || len(names) > MaxSearch {
		t.Errorf("%d servers, %d names", len(addrs), len(names))
	}
	for _, a := range addrs {
		if !a.Is6() || !a.IsGlobalUnicast() || a.Is4In6() {
			t.Errorf("server %v", a)
		}
	}
	for _, n := range names {
		if len(n) > 253 || !nameForm.MatchString(n) {
			t.Errorf("name %q", n)
		}
	}
}

// checkRouters holds r to its bounds, and to its Deadline: nothing changes before it.
func checkRouters(t *testing.T, r *Routers, now clock.Instant) {
	t.Helper()
	if len(r.all) > MaxRouters {
		t.Fatalf("%d routers", len(r.all))
	}
	for _, h := range r.all {
		if len(h.dns) > MaxDNS || len(h.search) > MaxSearch || len(h.valid) > MaxPrefixes || len(h.preferred) > MaxPrefixes {
			t.Fatalf("router %v has %d servers, %d names, %d and %d prefixes", h.from, len(h.dns), len(h.search), len(h.valid), len(h.preferred))
		}
	}
	seen, next := r.outlook(now), r.Deadline(now)
	if next <= now {
		t.Fatalf("deadline %d is not after %d", next, now)
	}
	if !seen.equal(r.outlook(next - 1)) {
		t.Errorf("a change between %d and the deadline %d", now, next)
	}
	checkLists(t, seen.DNS, seen.Search)
	if hasTwins(seen.DNS) || hasTwins(seen.Search) {
		t.Errorf("twice: %v", seen.Said)
	}
}

func hasTwins[T comparable](list []T) bool {
	for i, v := range list {
		if slices.Contains(list[:i], v) {
			return true
		}
	}
	return false
}

// randomRA is one from few or from many routers, that says little or much for long or short.
func randomRA(r *rand.Rand) Advertisement {
	some := func(most int) uint32 { return []uint32{0, 1, uint32(r.IntN(100)), 1 << 31, Infinite}[r.IntN(most)] }
	raw := [16]byte{0xfe, 0x80, 15: byte(r.IntN(20))}
	if r.IntN(2) == 0 {
		raw[14] = byte(r.Uint32())
	}
	options := [][]byte{}
	for range r.IntN(6) {
		v, p := some(5), some(5)
		host := netip.AddrFrom16([16]byte{0xfd, 0, 0, 0, 0, 0, 0, byte(r.IntN(40))})
		options = append(options, [][]byte{
			optionPrefix(host.String(), 64, byte(r.Uint32()), min(v, p), v),
			optionDNS(v, host.Next().String(), "fd00::53"),
			optionSearch(v, "\x02a"+string(rune('a'+r.IntN(26)))+"\x00"),
		}[r.IntN(3)])
	}
	a, err := Parse(ra(byte(r.Uint32()), uint16(some(4)), options...), netip.AddrFrom16(raw))
	if err != nil {
		panic(err)
	}
	return a
}

// A hundred thousand advertisements of a few and of thousands of routers, with lifetimes that
// are absurd: the table stays within its bounds, and so does the heap (CVE-2026-56116).
func TestRoutersInAFlood(t *testing.T) {
	random := rand.New(rand.NewPCG(4861, 8106))
	var r Routers
	now, before := at(0), runtime.MemStats{}
	for n := range 100_000 {
		if n == 1000 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		now = now.Add(time.Duration(random.Int64N(1e9)))
		a := randomRA(random)
		told := r.told
		changed := r.Heard(now, a)
		if n%50 > 0 {
			continue
		}
		if changed == told.equal(r.outlook(now)) {
			t.Fatalf("changed is %v", changed)
		}
		checkRouters(t, &r, now)
	}
	var after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&after)
	if more := int64(after.HeapAlloc) - int64(before.HeapAlloc); more > 1<<20 {
		t.Errorf("%d bytes more", more)
	}
	runtime.KeepAlive(&r)
}

// A flood of routers that nobody needs: those that were there stay, are refreshed
// and are heard, and when one has ended there is room for another.
func TestRoutersAreNotPushedOut(t *testing.T) {
	s := script{t: t}
	real := ra(0x80, 100, optionDNS(100, "fd00::53"))
	s.hears(0, router1, real, true)
	for n := range 1000 {
		from := netip.AddrFrom16([16]byte{0xfe, 0x80, 13: 1, 14: byte(n >> 8), 15: byte(n)})
		a, _ := Parse(ra(0x40, 50), from)
		s.Heard(at(0), a)
	}
	if len(s.all) != MaxRouters {
		t.Errorf("%d routers", len(s.all))
	}
	s.hears(1, router1, real, false)
	s.hears(1, router2, ra(0x80, 100, optionDNS(100, "fd00::54")), false) // no room
	s.says(1, "+MO fd00::53 until 50")
	s.hears(50, router2, ra(0x80, 100, optionDNS(100, "fd00::54")), true)
	s.says(50, "+M fd00::53 fd00::54 until 101")
}

// Nor can one router's list be pushed out by what is sent in its name later.
func TestServersAreNotPushedOut(t *testing.T) {
	s := script{t: t}
	s.hears(0, router1, ra(0, 100, optionDNS(100, "fd00::53")), true)
	for n := range byte(100) {
		a, _ := Parse(ra(0, 100, optionDNS(100, netip.AddrFrom16([16]byte{0xfd, 1, 15: n}).String())), router1)
		s.Heard(at(1), a)
	}
	if said := s.Says(at(1)); len(said.DNS) != MaxDNS || said.DNS[0] != addr("fd00::53") {
		t.Errorf("%v", said.DNS)
	}
	// What is taken back makes room within the same advertisement.
	s.hears(2, router1, ra(0, 100, optionDNS(0, "fd00::53"), optionDNS(100, "fd00::54")), true)
	if said := s.Says(at(2)); len(said.DNS) != MaxDNS || said.DNS[7] != addr("fd00::54") {
		t.Errorf("%v", said.DNS)
	}
}
