// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"slices"
)

// Quantile is the time that a share q of the tries took at most, in ms, by nearest
// rank; NaN where there was none.
func (w Way) Quantile(q float64) float64 {
	if len(w.Took) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(w.Took))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// P50 is the median, in ms.
func (w Way) P50() float64 { return w.Quantile(0.5) }

// P95 is what one in twenty exceeds, in ms.
func (w Way) P95() float64 { return w.Quantile(0.95) }

// Max is the slowest, in ms.
func (w Way) Max() float64 { return w.Quantile(1) }

// Rate is attaches a second, of those that did not fail.
func (w Way) Rate() float64 {
	if w.Elapsed == 0 {
		return math.NaN()
	}
	return float64(len(w.Took)) / w.Elapsed
}

// Find is the way of that name; one without tries where there is none.
func Find(ways []Way, name string) Way {
	return first(ways, func(w Way) bool { return w.Name == name })
}

// Of is the first way of that kind.
func Of(ways []Way, k Kind) Way {
	return first(ways, func(w Way) bool { return w.Kind == k })
}

func first(ways []Way, is func(Way) bool) Way {
	if i := slices.IndexFunc(ways, is); i >= 0 {
		return ways[i]
	}
	return Way{}
}

// BestPeer is the least p50 of a peer, and BestRate the highest rate; NaN where no
// peer took part.
func BestPeer(ways []Way) float64 { return ofPeers(ways, Way.P50, math.Min) }

// BestRate is in attaches a second.
func BestRate(ways []Way) float64 { return ofPeers(ways, Way.Rate, math.Max) }

func ofPeers(ways []Way, figure func(Way) float64, better func(a, b float64) float64) float64 {
	best := math.NaN()
	for _, w := range ways {
		switch f := figure(w); {
		case w.Kind != Peer, math.IsNaN(f):
		case math.IsNaN(best):
			best = f
		default:
			best = better(best, f)
		}
	}
	return best
}

// BareFloor is the floor, p50 in ms, of a way's kind of link: the bridge's for the ways on the
// bridge, the macvlan's for all others.
func (r *Report) BareFloor(way string) float64 {
	if way == Bridge || way == FloorBridge {
		return Find(r.Attach, FloorBridge).P50()
	}
	return Find(r.Attach, Floor).P50()
}

// Bound is the limit of every way that execs a program for each attachment: the way's bare
// floor and the empty exec, p50, in ms.
func (r *Report) Bound(way string) float64 {
	return r.BareFloor(way) + Find(r.Attach, Exec).P50()
}

// Daemon is that daemon with so many leases; where it was not measured, nothing is.
func (r *Report) Daemon(name string, leases int) Daemon {
	i := slices.IndexFunc(r.Daemons, func(d Daemon) bool { return d.Name == name && d.Leases == leases })
	if i < 0 {
		return Daemon{Name: name, Leases: leases, Quiet: -1}
	}
	return r.Daemons[i]
}

// HeapPerLease is in bytes; NaN where it was not measured.
func (d Daemon) HeapPerLease() float64 {
	if d.Heap <= 0 || d.Leases == 0 {
		return math.NaN()
	}
	return float64(d.Heap) / float64(d.Leases)
}

// StormShare is the part of a core that a renewal storm took, in percent.
func (d Daemon) StormShare() float64 {
	if d.Over == 0 {
		return math.NaN()
	}
	return d.Storm / d.Over / 10
}
