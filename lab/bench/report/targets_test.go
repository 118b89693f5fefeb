// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"
)

// good is a report that meets every target, each of them just so.
func good() *Report {
	way := func(name string, k Kind, ms float64) Way {
		return Way{Name: name, Kind: k, Took: []float64{ms}, Elapsed: ms / 1000}
	}
	return &Report{
		Attach:     []Way{way(Floor, Bound, 1), way(Exec, Bound, 1), way(FloorBridge, Bound, 2), way(Macvlan, Ours, 3.1), way(Bridge, Ours, 4.65)},
		Netavark:   []Way{way(Netavark1Ours, Ours, 9), way(Netavark1Own, Peer, 20), way(Netavark2Ours, Ours, 10), way(Netavark2Own, Peer, 100)},
		Parallel:   []Way{way(Macvlan, Ours, 1), way(CNI, Peer, 3.5), way(Netavark2Own, Peer, 50)},
		Known:      []Way{way(Macvlan, Ours, 5), way(CNI, Peer, 3000)},
		KnownPlain: []Way{way(Macvlan, Ours, 5/1.3)},
		Podman:     []Way{way("none", Bound, 100), way("net-dhcp", Ours, 110), way(Netavark2Own, Peer, 240)},
		IPv6:       []Way{way(IPv6Off, Ours, 10), way(IPv6First, Ours, 715), way(IPv6Next, Ours, 15)},
		Daemons: []Daemon{
			{Name: Leased, Kind: Ours, Leases: 1000, RSS: 14000, Threads: 16, Descriptors: 64, Quiet: -1, Renewals: 1000, Over: 60, Storm: 720},
			{Name: Netavark2, Kind: Peer, Leases: 1000, RSS: 14000, Threads: 3, Descriptors: 1013, Quiet: -1},
			{Name: Leased, Kind: Ours, Leases: 5000, RSS: 19500, Threads: 16, Descriptors: 64, Heap: 5000 * 4096, Quiet: 10},
		},
		Scale: []Way{{Leases: 10, Took: []float64{5}}, {Leases: 5000, Took: []float64{6}}},
		Mass: []Mass{
			{Server: Dnsmasq, Containers: 500, AtOnce: 2, OneByOne: 4, Repeats: 1},
			{Server: Kea, Containers: 500, AtOnce: 1.5, OneByOne: 3, Repeats: 1},
		},
	}
}

func verdicts(r *Report) (all []Verdict) {
	for _, t := range r.Targets() {
		all = append(all, t.Met)
	}
	return all
}

func TestAllTargetsMet(t *testing.T) {
	for _, target := range good().Targets() {
		if target.Met != Met && target.Met != Shown {
			t.Errorf("%s: %s (%s)", target.What, target.Met, target.Measured)
		}
	}
}

func TestNothingMeasured(t *testing.T) {
	for _, target := range new(Report).Targets() {
		if target.Met != Unknown || target.Measured != none {
			t.Errorf("%s: %s (%s)", target.What, target.Met, target.Measured)
		}
	}
}

// One figure a little worse is one target missed, and no other changes.
func TestOneTargetMissed(t *testing.T) {
	for what, spoil := range map[string]func(r *Report){
		"setup`, macvlan":           func(r *Report) { r.Attach[3].Took[0] += 0.1 },
		"same, bridge":              func(r *Report) { r.Attach[4].Took[0] += 0.1 },
		"setup` 1.14":               func(r *Report) { r.Netavark[1].Took[0]-- },
		"setup` 2.0":                func(r *Report) { r.Netavark[3].Took[0]-- },
		"8 at once: ≥":              func(r *Report) { r.Parallel[1].Elapsed /= 2 },
		"rate, none failed":         func(r *Report) { r.Parallel[0].Failed = 1 },
		"leased before, server":     func(r *Report) { r.Known[0].Took[0], r.KnownPlain[0].Took[0] = 5.1, 5 },
		"without its ping check":    func(r *Report) { r.KnownPlain[0].Took[0] -= 0.1 },
		"with `ipv6=auto`":          func(r *Report) { r.IPv6[2].Took[0] += 0.1 },
		"first one there":           func(r *Report) { r.IPv6[1].Took[0] += 0.1 },
		"more than netavark 2.0's":  func(r *Report) { r.Daemons[1].RSS-- },
		"1,000 leases: threads":     func(r *Report) { r.Daemons[0].Threads++ },
		"1,000 leases: descriptors": func(r *Report) { r.Daemons[0].Descriptors++ },
		"5,000 leases: threads":     func(r *Report) { r.Daemons[2].Threads++ },
		"5,000 leases: descriptors": func(r *Report) { r.Daemons[2].Descriptors++ },
		"1,000 leases: RSS":         func(r *Report) { r.Daemons[0].RSS, r.Daemons[1].RSS = 14200, 14200 },
		"5,000 leases: RSS":         func(r *Report) { r.Daemons[2].RSS = 19600 },
		"heap a lease":              func(r *Report) { r.Daemons[2].Heap += 5000 },
		"beside 5,000 leases":       func(r *Report) { r.Scale[1].Took[0] += 0.1 },
		"quiet minute":              func(r *Report) { r.Daemons[2].Quiet++ },
		"renewals":                  func(r *Report) { r.Daemons[0].Storm++ },
		"500 at once on dnsmasq: ≤": func(r *Report) { r.Mass[0].AtOnce += 0.1 },
		"500 at once on dnsmasq":    func(r *Report) { r.Mass[0].Failed = 1 },
		"on dnsmasq repeats":        func(r *Report) { r.Mass[0].Repeats = 2 },
		"500 at once on Kea: ≤":     func(r *Report) { r.Mass[1].AtOnce += 0.1 },
		"500 at once on Kea":        func(r *Report) { r.Mass[1].Failed = 1 },
		"on Kea repeats":            func(r *Report) { r.Mass[1].Repeats = 2 },
	} {
		r, was := good(), verdicts(good())
		spoil(r)
		for i, target := range r.Targets() {
			want := was[i]
			if strings.Contains(target.What, what) {
				want = Missed
			}
			if target.Met != want {
				t.Errorf("%s is spoilt, and %q is: %s, want %s", what, target.What, target.Met, want)
			}
		}
	}
}

// A storm of fewer renewals than the target names says nothing about it.
func TestStormOfTooFew(t *testing.T) {
	r := good()
	r.Daemons[0].Renewals = 999
	if got := r.storm()[0].Met; got != Unknown {
		t.Errorf("the target is %s", got)
	}
}
