// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease6"
)

var (
	client = netip.MustParseAddr("2001:db8::9")
	second = netip.MustParseAddr("2001:db8::a")
	other  = netip.MustParseAddr("2001:db8:1::b")
	dns    = netip.MustParseAddr("2001:db8::53")
	duid   = []byte{0, 4, 1, 2, 3}
	server = []byte{0, 3, 0, 1, 0xa}
	rival  = []byte{0, 3, 0, 1, 0xb}
)

// boot is when the tests' machines begin; not 0, so that a forgotten time shows.
const boot = clock.Instant(100 * time.Second)

// remembered began 100 s before boot and has 900 s left then; T1 is 300 s after
// boot, T2 540 s.
var remembered = lease6.Lease{
	Addrs:  []lease6.Addr{{Addr: client, Preferred: clock.Instant(800 * time.Second), Valid: clock.Instant(1000 * time.Second)}},
	Server: server, Start: 0, T1: clock.Instant(400 * time.Second), T2: clock.Instant(640 * time.Second),
	DNS: []netip.Addr{dns},
}

// counter is a Rand that counts. RAND is then nearly at its lowest: waits are 0.9 s
// for 1 s, and 1 s for SOLICIT's first, and some nanoseconds.
func counter() func() uint64 {
	n := uint64(0)
	return func() uint64 { n++; return n }
}

// world is a machine together with what its actions have made of the kernel and of
// the server, and complains about whatever must not happen in any run.
type world struct {
	t    testing.TB
	cfg  lease6.Config
	m    *lease6.Machine
	now  clock.Instant
	held *lease6.Lease // as bound in the kernel
	last uint32        // xid of the last message
	sent clock.Instant // when the first one with it was

	given  map[netip.Addr]bool // addresses that servers gave
	total  int                 // messages
	sends  []clock.Instant     // of the last minute
	caused []clock.Instant     // when in it the caller had us begin something
	done   map[string]int      // what actions there were, by name
}

func newWorld(t testing.TB, cfg lease6.Config) *world {
	if cfg.Rand == nil {
		cfg.Rand = counter()
	}
	cfg.DUID = duid
	return &world{t: t, cfg: cfg, m: lease6.New(cfg), now: boot, given: map[netip.Addr]bool{}, done: map[string]int{}}
}

// restore puts a machine with a lease from disk, which the kernel has.
func (w *world) restore(l lease6.Lease) *world {
	w.m, w.held = lease6.Restore(w.cfg, l), &l
	w.give(l)
	return w
}

func (w *world) give(l lease6.Lease) {
	for _, a := range l.Addrs {
		w.given[a.Addr] = true
	}
}

// step lets ev happen and returns what came of it.
func (w *world) step(ev lease6.Event) []lease6.Action {
	w.t.Helper()
	was := w.m.State()
	switch ev := ev.(type) {
	case lease6.ReplyReceived:
		for _, a := range ev.Addrs {
			w.given[a.Addr] = true
		}
	case lease6.Wanted:
		w.give(ev.Remembered)
		w.caused = append(w.caused, w.now)
	case lease6.LinkChanged, lease6.DuplicateFound:
		w.caused = append(w.caused, w.now)
	case lease6.TimerFired, lease6.ReleaseRequested:
	}
	acts := w.m.Step(w.now, ev)
	for _, a := range acts {
		w.perform(a)
	}
	if was == lease6.Stopped && len(acts) > 0 {
		w.t.Errorf("STOPPED: %s", show(acts))
	}
	w.invariants(ev, acts)
	return acts
}

func (w *world) perform(a lease6.Action) {
	w.t.Helper()
	name, _, _ := strings.Cut(show([]lease6.Action{a}), ",")
	w.done[name]++
	switch a := a.(type) {
	case lease6.Bind:
		l := a.Lease
		w.held = &l
		w.checkBind(l)
	case lease6.Unbind:
		if w.held == nil {
			w.t.Error("Unbind of nothing")
		}
		if a.Why == "" {
			w.t.Error("Unbind without a reason")
		}
		w.held = nil
	case lease6.Send:
		w.checkSend(a.Message)
	case lease6.Report:
	}
}

// at moves the clock to a time after boot.
func (w *world) at(d time.Duration) *world { w.now = boot.Add(d); return w }

// fire moves the clock to the deadline, or by an hour where there is none, and
// fires the timer.
func (w *world) fire() []lease6.Action {
	w.t.Helper()
	if d := w.m.Deadline(); d == clock.Never {
		w.now = w.now.Add(time.Hour)
	} else {
		w.now = max(w.now, d)
	}
	return w.step(lease6.TimerFired{})
}

// state complains unless the machine is in s.
func (w *world) state(s lease6.State) *world {
	w.t.Helper()
	if w.m.State() != s {
		w.t.Fatalf("state is %v, want %v", w.m.State(), s)
	}
	return w
}

// do complains unless acts are what is wanted, as show spells it.
func (w *world) do(acts []lease6.Action, want string) *world {
	w.t.Helper()
	if got := show(acts); got != want {
		w.t.Errorf("%v: %q, want %q", w.m.State(), got, want)
	}
	return w
}

// show spells actions: messages with what of a server id (s), addresses (a, aa …)
// and rapid commit (r) they have; Bind with the number of addresses.
func show(acts []lease6.Action) string {
	var out []string
	for _, a := range acts {
		s := strings.TrimPrefix(fmt.Sprintf("%T", a), "lease6.")
		switch a := a.(type) {
		case lease6.Send:
			s = a.Type.String()
			if a.Server != nil {
				s += ",s"
			}
			if len(a.Addrs) > 0 {
				s += "," + strings.Repeat("a", len(a.Addrs))
			}
			if a.RapidCommit {
				s += ",r"
			}
		case lease6.Bind:
			s += fmt.Sprintf(",%d", len(a.Lease.Addrs))
		case lease6.Unbind, lease6.Report:
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// sent returns the messages among actions.
func sent(acts []lease6.Action) (out []lease6.Send) {
	for _, a := range acts {
		if s, ok := a.(lease6.Send); ok {
			out = append(out, s)
		}
	}
	return out
}
