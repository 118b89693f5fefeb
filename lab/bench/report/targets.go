// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
)

// Target is one that was set beforehand, and what became of it.
type Target struct {
	What     string
	Measured string
	Met      Verdict
}

// Verdict says whether a target is met.
type Verdict string

// The verdicts.
const (
	Met     Verdict = "yes"
	Missed  Verdict = "**no**"
	Unknown Verdict = "not measured"
	Shown   Verdict = none // nothing is asked of it but to be shown
)

// Targets are all, in the order they were set in.
func (r *Report) Targets() []Target {
	var all []Target
	for _, part := range []func() []Target{
		r.attaching, r.throughNetavark, r.podman, r.parallel, r.known, r.ipv6, r.thousand, r.fiveThousand, r.storm, r.massStart,
	} {
		all = append(all, part()...)
	}
	return all
}

// judge is a target that a figure is at most limit.
func judge(what, measured string, figure, limit float64) Target {
	switch {
	case math.IsNaN(figure):
		return Target{what, none, Unknown}
	case figure <= limit:
		return Target{what, measured, Met}
	}
	return Target{what, measured, Missed}
}

// times is a target that a is at most limit times b, both p50 in ms.
func times(what string, limit, a, b float64) Target {
	return judge(fmt.Sprintf("%s: p50 ≤ %v×", what, limit),
		fmt.Sprintf("%s ms to %s ms: %s", Figure(a), Figure(b), Ratio(a, b)), a/b, limit)
}

func (r *Report) attaching() []Target {
	return []Target{
		r.toBound("`net-dhcp setup`, macvlan, to floor + empty exec", Macvlan),
		r.toBound("the same, bridge, to the bridge's floor + empty exec", Bridge),
		r.toFloor("macvlan, to the bare floor", Macvlan),
		r.toFloor("bridge, to the bridge's bare floor", Bridge),
	}
}

// setupLimit is what a setup may take, as a multiple of the way's floor and an empty exec.
const setupLimit = 1.55

func (r *Report) toBound(what, way string) Target {
	return times(what, setupLimit, Find(r.Attach, way).P50(), r.Bound(way))
}

// toFloor shows how far a way is from its floor, which no program in front and no daemon can
// reach: there the test program does all the work by itself, in one process.
func (r *Report) toFloor(what, way string) Target {
	t := Target{What: what, Measured: none, Met: Unknown}
	if p50, floor := Find(r.Attach, way).P50(), r.BareFloor(way); !math.IsNaN(p50 / floor) {
		t.Measured, t.Met = fmt.Sprintf("%s ms to %s ms: %s", Figure(p50), Figure(floor), Ratio(p50, floor)), Shown
	}
	return t
}

func (r *Report) throughNetavark() []Target {
	p50 := func(name string) float64 { return Find(r.Netavark, name).P50() }
	return []Target{
		times("`netavark setup` 1.14 with net-dhcp, to its own macvlan + dhcp", 0.45, p50(Netavark1Ours), p50(Netavark1Own)),
		times("`netavark setup` 2.0, likewise", 0.1, p50(Netavark2Ours), p50(Netavark2Own)),
	}
}

func (r *Report) podman() []Target {
	without := Of(r.Podman, Bound).P50()
	ours, own := Of(r.Podman, Ours).P50()-without, Of(r.Podman, Peer).P50()-without
	t := Target{What: "`podman run`, to `--network none`", Measured: none, Met: Unknown}
	if !math.IsNaN(ours) {
		t.Measured, t.Met = fmt.Sprintf("net-dhcp adds %s ms, netavark's own %s ms", Figure(ours), Figure(own)), Shown
	}
	return []Target{t}
}

func (r *Report) parallel() []Target {
	ours := Of(r.Parallel, Ours)
	best := BestRate(r.Parallel)
	measured := fmt.Sprintf("%s a second to %s: %s, %d failed", Figure(ours.Rate()), Figure(best), Ratio(ours.Rate(), best), ours.Failed)
	// Turned round, so that more is less; one that failed spoils it.
	figure := best / ours.Rate()
	if ours.Failed > 0 {
		figure = math.Inf(1)
	}
	return []Target{judge("8 at once: ≥ 3.5× the best peer's rate, none failed", measured, figure, 1/3.5)}
}

func (r *Report) known() []Target {
	ours, plain := Find(r.Known, Macvlan).P50(), Find(r.KnownPlain, Macvlan).P50()
	return []Target{
		judge("leased before, server with its ping check: p50 ≤ 5 ms",
			fmt.Sprintf("%s ms (the best peer's: %s ms)", Figure(ours), Figure(BestPeer(r.Known))), ours, 5),
		times("the same, to a server without its ping check", 1.3, ours, plain),
	}
}

// solicitWait is how long, in ms, the first container with IPv6 on a LAN waits for a router.
const solicitWait = 700

func (r *Report) ipv6() []Target {
	p50 := func(name string) float64 { return Find(r.IPv6, name).P50() }
	return []Target{
		times("IPv4 with `ipv6=auto`, no router, to `ipv6=off`", 1.5, p50(IPv6Next), p50(IPv6Off)),
		times("the first one there, less its wait for a router of 700 ms, likewise", 1.5, p50(IPv6First)-solicitWait, p50(IPv6Off)),
	}
}
