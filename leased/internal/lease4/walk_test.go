// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// act does the event that three bytes stand for; world complains about what must
// not come of it. Nothing happens any more near the end of the clock, in 292 years.
func (w *world) act(op, a, b byte) {
	if w.now > clock.Never/2 {
		return
	}
	switch op % 12 {
	case 0:
		w.start(a, b)
	case 1, 2, 3: // the caller wakes up when it is time
		w.tick()
	case 4: // or too early, or too late, by up to days
		w.now = w.now.Add(time.Duration(a) * time.Duration(b) * time.Duration(b) * 10 * time.Millisecond)
		w.step(lease4.TimerFired{})
	case 5:
		w.now = w.now.Add(time.Duration(a) * time.Millisecond)
	case 6, 7, 8:
		w.answer(a, b)
	case 9:
		w.conflict(func(c *lease4.ConflictFound) {
			c.Decline = a%2 == 0
			if b < 32 {
				c.Addr = other
			}
		})
	case 10:
		if b%2 == 0 {
			w.step(lease4.LinkChanged{Crowd: a%2 == 0})
			return
		}
		w.step(lease4.TimedOut{})
	case 11:
		if a < 8 && b < 64 { // seldom: nothing comes after it
			w.step(lease4.ReleaseRequested{})
		}
	}
}

// start begins with a lease remembered, as good as a and b make it, or with none.
func (w *world) start(a, b byte) {
	if a%4 == 0 {
		w.step(lease4.Started{})
		return
	}
	w.reboot(func(l *lease4.Lease) {
		l.Expiry = []clock.Instant{clock.Never, l.Expiry, l.T1, w.now, 0, -1}[b%6] // T1 and T2 may be beyond it
		switch a % 16 {
		case 1:
			l.Server = netip.AddrFrom4([4]byte{b, 0, 2, 1})
		case 2:
			l.Addr = netip.PrefixFrom(netip.AddrFrom4([4]byte{b, 0, 2, 9}), int(b%33))
		case 3:
			l.Start, l.T1, l.T2 = clock.Never, clock.Never, 0
		}
	})
}

// answer is a reply that may be spoiled.
func (w *world) answer(a, b byte) {
	f := w.spoil(a/4, b)
	typ := []dhcp4.Type{dhcp4.Offer, dhcp4.Ack, dhcp4.Ack, dhcp4.Nak}[a%4]
	if b%16 == 7 {
		w.refused(typ, f)
		return
	}
	w.reply(typ, f)
}

// walkConfig is one of all configurations.
func walkConfig(n uint64, random func() uint64) lease4.Config {
	return lease4.Config{
		Check: lease4.Check(n % 4), RapidCommit: n/4%2 == 0, V6Only: n/8%2 == 0,
		Requested: []netip.Addr{none, none, client, other}[n/16%4], Require: n/64%2 == 0, Rand: random,
	}
}

// spoil changes a reply in one of many ways, half of the time not at all.
func (w *world) spoil(a, b byte) func(*dhcp4.Reply) {
	lives := []uint32{0, 1, 2, 10, 60, 3600, 86400, 1 << 31, dhcp4.Infinite - 1, dhcp4.Infinite}
	return func(r *dhcp4.Reply) {
		r.LeaseTime = lives[int(b)%len(lives)]
		switch a % 20 {
		case 0:
			r.XID ^= uint32(b)
		case 1:
			r.Server = netip.AddrFrom4([4]byte{192, 0, 2, b})
		case 2:
			r.Your = netip.AddrFrom4([4]byte{b, 0, 2, b})
		case 3:
			r.Mask = int(b%34) - 1
		case 4:
			r.T1, r.T2, r.HasT1, r.HasT2 = uint32(a), uint32(b), true, true
		case 5:
			r.T1, r.T2, r.HasT1, r.HasT2 = 1<<31, uint32(b)<<24, true, true
		case 6:
			r.HasLeaseTime, r.LeaseTime = false, 0
		case 7:
			r.ClientID = []byte{b}
		case 8:
			r.Server = none
		case 9, 10, 11:
			r.RapidCommit = true
		case 12:
			r.V6OnlyWait, r.HasV6OnlyWait = uint32(b)<<(b%32), true
		case 13:
			r.Your = other
		}
	}
}

// A walk without a goal, for as long as a test may take.
func TestRandomWalk(t *testing.T) {
	reached, done := map[lease4.State]int{}, map[string]int{}
	for seed := range uint64(1000) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		w := newWorld(t, walkConfig(seed, rnd.Uint64))
		w.start(byte(rnd.Uint32()), byte(rnd.Uint32()))
		for i := 0; i < 200 && !t.Failed(); i++ {
			x := rnd.Uint32()
			w.act(byte(x), byte(x>>8), byte(x>>16))
			reached[w.m.State()]++
		}
		maps.Copy(done, w.done)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for s := lease4.Init; s <= lease4.Stopped; s++ {
		if reached[s] < 100 {
			t.Errorf("%v was reached %d times: the walk does not show much", s, reached[s])
		}
	}
	for _, a := range []string{"DISCOVER", "REQUEST", "DECLINE", "RELEASE", "Bind", "Unbind", "Probe", "Announce", "Report"} {
		if done[a] == 0 {
			t.Errorf("%s was never done", a)
		}
	}
}

// FuzzMachine is the walk with a goal: to find what breaks an invariant.
func FuzzMachine(f *testing.F) {
	for n := range uint64(16) {
		f.Add([]byte{0, 0, 0, 6, 0, 60, 6, 1, 60, 1, 0, 0, 6, 1, 60, 11, 0, 0}, uint64(1), n)
		f.Add([]byte{0, 5, 1, 9, 0, 99, 6, 1, 60, 1, 0, 0, 9, 0, 99, 1, 0, 0}, uint64(2), n)
		f.Add([]byte{0, 5, 1, 10, 0, 0, 1, 0, 0, 6, 53, 60, 9, 1, 60, 4, 255, 255}, uint64(0), n)
		f.Add([]byte{0, 0, 0, 6, 49, 9, 6, 38, 1, 3, 0, 0, 3, 0, 0, 3, 0, 0, 9, 0, 50}, uint64(7), n)
	}
	f.Fuzz(func(t *testing.T, b []byte, seed, cfg uint64) {
		w := newWorld(t, walkConfig(cfg, func() uint64 { seed = seed*6364136223846793005 + 1; return seed }))
		for ; len(b) >= 3; b = b[3:] {
			w.act(b[0], b[1], b[2])
		}
	})
}
