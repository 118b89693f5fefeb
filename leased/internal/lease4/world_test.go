// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/lease4"
)

var (
	client = netip.MustParseAddr("192.0.2.9")
	other  = netip.MustParseAddr("192.0.2.10")
	server = netip.MustParseAddr("192.0.2.1")
	rival  = netip.MustParseAddr("192.0.2.2")
	none   netip.Addr
	foe    = net.HardwareAddr{2, 0, 0, 0, 0, 0xee}
	cid    = []byte{1, 2, 0, 0, 0xaa, 0xbb, 0xcc}
	id     = dhcp4.Identity{MAC: net.HardwareAddr{2, 0, 0, 0xaa, 0xbb, 0xcc}, ClientID: cid, Hostname: "web"}
)

// boot is when the tests' machines begin; not 0, so that a forgotten time shows.
const boot = clock.Instant(100 * time.Second)

// remembered began 100 s before boot and has 900 s left then.
var remembered = lease4.Lease{
	Addr: netip.PrefixFrom(client, 24), Server: server,
	Start: 0, T1: clock.Instant(500 * time.Second), T2: clock.Instant(875 * time.Second), Expiry: clock.Instant(1000 * time.Second),
}

// counter is a Rand that counts. Waits, which take a random part of it, are then
// their shortest: 750 ms, 1.5 s, 3 s, 7 s, and some nanoseconds.
func counter() func() uint64 {
	n := uint64(0)
	return func() uint64 { n++; return n }
}

// world is a machine together with what its actions have made of the kernel and of
// the server, and complains about whatever must not happen in any run.
type world struct {
	t    testing.TB
	cfg  lease4.Config
	m    *lease4.Machine
	now  clock.Instant
	held *lease4.Lease // as bound in the kernel
	last uint32

	acked map[[2]netip.Addr]bool // addresses that ACKs gave, and by whom
	foul  netip.Addr             // an address that is watched and somebody else's
	probe netip.Addr             // probed in this step
	done  map[string]int         // what actions there were, by name
}

func newWorld(t testing.TB, cfg lease4.Config) *world {
	if cfg.Rand == nil {
		cfg.Rand = counter()
	}
	cfg.ClientID = cid
	return &world{t: t, cfg: cfg, m: lease4.New(cfg), now: boot, acked: map[[2]netip.Addr]bool{}, done: map[string]int{}}
}

// step lets ev happen and returns what came of it.
func (w *world) step(ev lease4.Event) []lease4.Action {
	w.t.Helper()
	before := w.m.XID()
	w.witness(ev)
	acts := w.m.Step(w.now, ev)
	for _, a := range acts {
		w.perform(a)
	}
	w.invariants(ev, before)
	return acts
}

// witness remembers what ev says that the machine must bear in mind.
func (w *world) witness(ev lease4.Event) {
	w.probe = none
	switch ev := ev.(type) {
	case lease4.ReplyReceived:
		if ev.Type == dhcp4.Ack && ev.XID == w.m.XID() {
			w.acked[[2]netip.Addr{ev.Your, ev.Server}] = true
		}
	case lease4.ConflictFound:
		if ev.Addr.IsValid() && ev.Addr == w.m.Watching() {
			w.foul = ev.Addr
		}
	}
}

func (w *world) perform(a lease4.Action) {
	w.t.Helper()
	name, _, _ := strings.Cut(show([]lease4.Action{a}), ",")
	w.done[name]++
	switch a := a.(type) {
	case lease4.Bind:
		l := a.Lease
		w.held = &l
		if l.Start > l.T1 || l.T1 > l.T2 || l.T2 > l.Expiry || !l.Addr.IsValid() {
			w.t.Errorf("bound %+v", l)
		}
		if w.now >= l.Expiry {
			w.t.Errorf("bound %v after its end", l.Addr)
		}
		if w.cfg.Require && w.cfg.Requested.IsValid() && l.Addr.Addr() != w.cfg.Requested {
			w.t.Errorf("bound %v, which is not what must be", l.Addr)
		}
		if l.Addr.Addr() == w.foul {
			w.t.Errorf("bound %v, which is somebody else's", l.Addr)
		}
	case lease4.Unbind:
		if w.held == nil {
			w.t.Error("Unbind of nothing")
		}
		w.held = nil
	case lease4.Send:
		if err := dhcp4test.Check(id.Marshal(a.Message)); err != nil {
			w.t.Error(err)
		}
		if unicast := a.Client.IsValid() && w.m.State() != lease4.Rebinding; a.To.IsValid() != unicast {
			w.t.Errorf("%v is sent to %v", a.Type, a.To)
		}
		if a.Type == dhcp4.Decline && !w.acked[[2]netip.Addr{a.Requested, a.Server}] {
			w.t.Errorf("DECLINE of %v to %v, which did not give it", a.Requested, a.Server)
		}
	case lease4.Probe:
		w.probe = a.Addr
	case lease4.Announce:
		if w.held == nil || w.held.Addr.Addr() != a.Addr {
			w.t.Errorf("%v is announced and not held", a.Addr)
		}
	case lease4.Report:
	}
}

// at moves the clock to a time after boot.
func (w *world) at(d time.Duration) *world { w.now = boot.Add(d); return w }

// tick moves the clock to the deadline, or by an hour where there is none, and
// fires the timer.
func (w *world) tick() []lease4.Action {
	w.t.Helper()
	if d := w.m.Deadline(); d == clock.Never {
		w.now = w.now.Add(time.Hour)
	} else {
		w.now = max(w.now, d)
	}
	return w.step(lease4.TimerFired{})
}

// fire is tick, past what happens beside the state: the second announcement and
// the end of the watch.
func (w *world) fire() []lease4.Action {
	w.t.Helper()
	for {
		before, watched := w.m.State(), w.m.Watching()
		acts := w.tick()
		side := show(acts) == "Announce" || len(acts) == 0 && w.m.Watching() != watched
		if !side || w.m.State() != before {
			return acts
		}
	}
}

// calm lets pass what happens beside BOUND after a Bind.
func (w *world) calm() *world {
	w.t.Helper()
	w.now = w.now.Add(2 * time.Second)
	if got := show(w.step(lease4.TimerFired{})); got != "Announce" {
		w.t.Fatalf("2 s after Bind: %q", got)
	}
	return w
}

// show spells actions: messages with what of ciaddr (c), option 50 (r) and
// option 54 (s) they have, and ">" where they are unicast.
func show(acts []lease4.Action) string {
	var out []string
	for _, a := range acts {
		s := strings.TrimPrefix(fmt.Sprintf("%T", a), "lease4.")
		if a, ok := a.(lease4.Send); ok {
			s = a.Type.String() + field("c", a.Client) + field("r", a.Requested) + field("s", a.Server) + field(">", a.To)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func field(name string, a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return "," + name
}
