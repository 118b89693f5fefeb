// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// One request has the same effect as the messages one by one, whatever others do in
// between: a random walk on two containers, each with its own way.
func TestOneRequestDoesTheSame(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			lan, link := onVeth(t)
			ways := []*walker{{link: link}, {link: lan.Veth(lan.Container(), "eth0"), conn: true}}
			promote(ways[1].link, "0")
			random := rand.New(rand.NewPCG(seed, 0))
			for range 60 {
				what := step(random)
				for _, w := range ways {
					w.do(what)
				}
				if one, many := ways[1].state(), ways[0].state(); one != many {
					t.Fatalf("%v\none request:\n%s\none by one:\n%s", what, one, many)
				}
			}
		})
	}
}

// move is a step of the walk: a lease, or a command.
type move struct {
	spec    Spec
	forget  bool // prev
	again   bool // the spec of the step before
	command []string
}

func step(random *rand.Rand) move {
	switch random.IntN(10) {
	case 0, 1, 2:
		return move{again: true}
	case 3, 4:
		return move{command: commands[random.IntN(len(commands))]}
	}
	s := Spec{Addr: leases[random.IntN(len(leases))], Valid: 3600e9, Metric: 100 + random.IntN(2)}
	s.MTU = []int{0, 1400, 70000}[random.IntN(3)]
	for _, i := range random.Perm(len(choice))[:random.IntN(len(choice))] {
		s.Routes = append(s.Routes, choice[i])
	}
	return move{spec: s, forget: random.IntN(4) == 0}
}

var (
	leases = []netip.Prefix{first, second, netip.MustParsePrefix("192.0.2.77/32"), netip.MustParsePrefix("198.51.100.7/31"), netip.MustParsePrefix("198.51.100.9/30")}
	choice = []Route{
		{Dst: any4, Via: gateway},
		{Dst: any4, Via: netip.MustParseAddr("192.0.2.2")},
		{Dst: doc, Via: gateway},
		{Dst: netip.MustParsePrefix("203.0.113.7/24")},
		{Dst: netip.MustParsePrefix("203.0.113.128/25"), Via: netip.MustParseAddr("192.0.2.255")},
	}
	commands = [][]string{
		{"ip", "addr", "replace", "192.0.2.200/24", "dev", "eth0"},
		{"ip", "addr", "flush", "dev", "eth0"},
		{"ip", "route", "replace", "default", "dev", "eth0", "metric", "100"},
		{"ip", "route", "flush", "proto", "boot"},
		{"ip", "route", "flush", "203.0.113.0/24"},
		{"ip", "link", "set", "eth0", "down"},
		{"ip", "link", "set", "eth0", "up"},
		{"ip", "link", "set", "eth0", "up"},
		{"ip", "addr", "replace", "192.0.2.77/24", "dev", "eth0"},
	}
)

// walker is one of the two ways.
type walker struct {
	link testlan.Link
	conn bool
	prev *Spec
	done Applied
	err  error
}

func (w *walker) do(what move) {
	if what.command != nil {
		w.done, w.err = Applied{}, nil
		w.link.NS.Run("sh", "-c", strings.Join(what.command, " ")+" || true") // a link that is down has no routes
		return
	}
	if what.forget {
		w.prev = nil
	}
	if what.again {
		if w.prev == nil {
			return
		}
		what.spec = *w.prev
	}
	what.spec.Ifindex = w.link.Index
	ns := w.link.NS.Open()
	defer ns.Close()
	c := NewConn(ns)
	defer c.Close()
	if !w.conn {
		silence(c)
	}
	w.done, w.err = c.Apply(what.spec, w.prev)
	now := w.done.Spec
	w.prev = &now
}

// state is all that can be seen from outside, but lifetimes.
func (w *walker) state() string {
	out := []string{fmt.Sprint(w.done.Problems, w.err, w.done.Spec.Metric, w.done.Spec.Routes)}
	for _, a := range addrs(w.link) {
		out = append(out, fmt.Sprint(a.IPNet, a.Broadcast, a.Scope, a.Flags, a.ValidLft > 3600))
	}
	mtu := strings.Fields(w.link.NS.Run("ip", "link", "show", "eth0"))[2:5]
	out = append(out, fmt.Sprint(mtu))
	out = append(out, slices.Sorted(strings.SplitSeq(w.link.NS.Run("ip", "-4", "route", "show", "table", "all"), "\n"))...)
	return strings.ReplaceAll(strings.Join(out, "\n"), fmt.Sprintf("interface %d", w.link.Index), "interface N")
}
