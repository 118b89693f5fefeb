// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// act does the event that three bytes stand for; world complains about what must
// not come of it.
func (w *world) act(op, a, b byte) {
	switch op % 16 {
	case 0:
		w.begin(a, b)
	case 1, 2, 3: // the caller wakes up when it is time
		w.fire()
	case 4: // or too early, or too late, by up to days
		w.after(time.Duration(a) * time.Duration(b) * time.Duration(b) * 10 * time.Millisecond)
	case 5:
		w.now = w.now.Add(time.Duration(a) * time.Millisecond)
	case 6, 7, 8, 9:
		w.advertise(w.spoil(a, b))
	case 10, 11, 12, 13:
		w.reply(w.spoil(a, b))
	case 14:
		if a%4 == 0 {
			w.step(lease6.LinkChanged{})
			return
		}
		w.duplicate([]netip.Addr{client, second, other}[b%3])
	case 15:
		if a < 8 && b < 64 { // seldom: nothing comes after it
			w.step(lease6.ReleaseRequested{})
		}
	}
}

// begin has addresses wanted, or not, with a lease remembered as good as a and b
// make it.
func (w *world) begin(a, b byte) {
	l := remembered
	l.Addrs = []lease6.Addr{{Addr: client, Preferred: clock.Never, Valid: clock.Never}, l.Addrs[0]}
	l.Addrs[1].Addr = second
	switch a % 8 {
	case 0:
		l = lease6.Lease{}
	case 1:
		l.Addrs[0].Valid, l.Addrs[1].Valid = w.now, w.now.Add(time.Duration(b)*time.Second)
	case 2:
		l.Start, l.T1, l.T2 = clock.Never, clock.Never, 0
	case 3:
		l.Server = nil
	case 4:
		l.Addrs = l.Addrs[1:]
	case 5:
		l.Addrs[0].Addr = netip.Addr{}
	}
	w.step(lease6.Wanted{Addresses: b%4 != 0, Remembered: l})
}

// spoil changes a server's message in one of many ways, half of the time not at all
// but for the lifetimes.
func (w *world) spoil(a, b byte) change {
	lives := []uint32{0, 1, 2, 10, 60, 3600, 86400, 1 << 31, dhcp6.Infinite - 1, dhcp6.Infinite}
	return func(r *dhcp6.Reply) {
		valid, preferred := lives[int(b)%10], lives[int(b/10)%10]
		r.Addrs[0].Valid, r.Addrs[0].Preferred = valid, min(valid, preferred)
		switch a % 40 {
		case 0:
			r.XID ^= uint32(b)
		case 1:
			r.Server = []byte{b}
		case 2:
			r.Server = nil
		case 3:
			r.Client = []byte{b}
		case 4, 5:
			r.T1, r.T2 = uint32(b), 100
		case 6:
			r.T1, r.T2 = 1<<31, uint32(b)<<24
		case 7:
			r.Addrs = nil
		case 8:
			r.HasIA, r.Addrs = false, nil
		case 9:
			r.Addrs[0].Preferred, r.Addrs[0].Valid = 1+valid, valid
		case 10, 11, 12:
			r.IAStatus = dhcp6.Status(b % 7)
		case 13, 14:
			r.Status = dhcp6.Status(b % 7)
		case 15:
			r.Addrs[0].Status = dhcp6.Status(b % 3)
		case 16, 17, 18, 19:
			r.RapidCommit = true
		case 20:
			r.SolMaxRT, r.InfMaxRT = 60, 60
		case 21:
			r.Refresh, r.HasRefresh = uint32(b)<<(b%24), true
		case 22:
			r.Preference = b
		case 23, 24, 25:
			two(r)
			r.Addrs[b%2].Valid = valid
		case 26:
			r.Addrs[0].Addr = netip.AddrFrom16([16]byte{0x20, 1, 15: b})
		}
	}
}

// walkConfig is one of all configurations.
func walkConfig(n uint64, random func() uint64) lease6.Config {
	return lease6.Config{RapidCommit: n%2 == 0, Requested: []netip.Addr{{}, client, other}[n/2%3], Rand: random}
}

// A walk without a goal, for as long as a test may take.
func TestRandomWalk(t *testing.T) {
	reached, done := map[lease6.State]int{}, map[string]int{}
	for seed := range uint64(800) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		w := newWorld(t, walkConfig(seed, rnd.Uint64))
		if seed%5 == 0 {
			w.restore(remembered)
		} else {
			w.begin(byte(rnd.Uint32()), byte(rnd.Uint32()))
		}
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
	for s := lease6.Init; s <= lease6.Stopped; s++ {
		if reached[s] < 100 {
			t.Errorf("%v was reached %d times: the walk does not show much", s, reached[s])
		}
	}
	for _, a := range []string{
		"SOLICIT", "REQUEST", "CONFIRM", "RENEW", "REBIND", "DECLINE", "RELEASE", "INFORMATION-REQUEST", "Bind", "Unbind", "Report",
	} {
		if done[a] == 0 {
			t.Errorf("%s was never done", a)
		}
	}
}

// FuzzMachine is the walk with a goal: to find what breaks an invariant.
func FuzzMachine(f *testing.F) {
	for n := range uint64(6) {
		f.Add([]byte{0, 0, 1, 6, 30, 65, 1, 0, 0, 10, 30, 65, 1, 0, 0, 10, 10, 3, 10, 30, 65, 15, 0, 0}, uint64(1), n)
		f.Add([]byte{0, 4, 1, 10, 30, 65, 14, 0, 0, 10, 30, 65, 14, 1, 1, 10, 30, 65, 1, 0, 0}, uint64(2), n)
		f.Add([]byte{0, 0, 0, 10, 8, 0, 0, 1, 1, 6, 23, 65, 10, 23, 65, 14, 1, 0, 4, 255, 255}, uint64(0), n)
		f.Add([]byte{0, 0, 1, 6, 22, 255, 10, 10, 2, 6, 22, 255, 10, 10, 4, 3, 0, 0, 3, 0, 0}, uint64(7), n)
	}
	f.Fuzz(func(t *testing.T, b []byte, seed, cfg uint64) {
		w := newWorld(t, walkConfig(cfg, func() uint64 { seed = seed*6364136223846793005 + 1; return seed }))
		if cfg%16 == 15 {
			w.restore(remembered)
		}
		for ; len(b) >= 3; b = b[3:] {
			w.act(b[0], b[1], b[2])
		}
	})
}
