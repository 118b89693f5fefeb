// SPDX-License-Identifier: Apache-2.0

package lease_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease"
)

// act does the event that three bytes stand for; world complains about what must
// not come of it.
func (w *world) act(op, a, b byte) {
	switch op % 8 {
	case 0:
		w.step(lease.Started{})
	case 1, 2: // the caller wakes up when it is time
		w.fire()
	case 3: // or too early, or too late, by up to days
		w.now = w.now.Add(time.Duration(a) * time.Duration(b) * time.Duration(b) * 10 * time.Millisecond)
		w.step(lease.TimerFired{})
	case 4:
		w.now = w.now.Add(time.Duration(a) * time.Millisecond)
	case 5, 6:
		w.reply([]dhcp4.Type{dhcp4.Offer, dhcp4.Ack, dhcp4.Ack, dhcp4.Nak}[a%4], w.spoil(a/4, b))
	case 7:
		if a < 8 && b < 64 { // seldom: nothing comes after it
			w.step(lease.ReleaseRequested{})
		}
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
		}
	}
}

// A walk without a goal, for as long as a test may take.
func TestRandomWalk(t *testing.T) {
	reached := map[lease.State]int{}
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		w := newWorld(t, lease.Config{Rand: rnd.Uint64})
		w.step(lease.Started{})
		for i := 0; i < 400 && !t.Failed(); i++ {
			x := rnd.Uint32()
			w.act(byte(x), byte(x>>8), byte(x>>16))
			reached[w.m.State()]++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for s := lease.Init; s <= lease.Stopped; s++ {
		if reached[s] < 100 {
			t.Errorf("%v was reached %d times: the walk does not show much", s, reached[s])
		}
	}
}

// FuzzMachine is the walk with a goal: to find what breaks an invariant.
func FuzzMachine(f *testing.F) {
	f.Add([]byte{0, 0, 0, 5, 0, 60, 5, 1, 60, 1, 0, 0, 5, 1, 60, 7, 0, 0}, uint64(1))
	f.Add([]byte{0, 0, 0, 5, 4, 1, 5, 3, 1, 5, 0, 2, 5, 3, 2, 1, 0, 0}, uint64(2))
	f.Add([]byte{0, 0, 0, 5, 0, 1, 4, 9, 9, 5, 1, 1, 1, 0, 0, 3, 255, 255}, uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		w := newWorld(t, lease.Config{Rand: func() uint64 { seed = seed*6364136223846793005 + 1; return seed }})
		for ; len(b) >= 3; b = b[3:] {
			w.act(b[0], b[1], b[2])
		}
	})
}
