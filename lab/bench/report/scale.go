// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"slices"
)

// What leased may cost at most.
const (
	maxRSS1000     = 14.5e6 / 1024 // KiB
	maxRSS5000     = 20e6 / 1024   // KiB
	maxThreads     = 16
	maxDescriptors = 64
	maxHeap        = 4 << 10 // bytes a lease
	maxStorm       = 1.2     // percent of a core
	// maxQuiet is what can be measured, in ms: the tick that the kernel's process
	// times come in.
	maxQuiet = 10
)

func (r *Report) thousand() []Target {
	d, peer := r.Daemon(Leased, 1000), r.Daemon(Netavark2, 1000)
	return []Target{
		judge("1,000 leases: RSS ≤ 14.5 MB", mb(d.RSS)+" MB", measured(d.RSS), maxRSS1000),
		judge("and no more than netavark 2.0's", mb(d.RSS)+" MB to "+mb(peer.RSS)+" MB", measured(d.RSS)-measured(peer.RSS), 0),
		threads(d),
		descriptors(d),
	}
}

func threads(d Daemon) Target {
	return judge(Count(d.Leases)+" leases: threads ≤ 16", Count(d.Threads), measured(d.Threads), maxThreads)
}

func descriptors(d Daemon) Target {
	return judge(Count(d.Leases)+" leases: descriptors ≤ 64", Count(d.Descriptors), measured(d.Descriptors), maxDescriptors)
}

func (r *Report) fiveThousand() []Target {
	d := r.Daemon(Leased, 5000)
	quiet := d.Quiet
	if quiet < 0 {
		quiet = math.NaN()
	}
	return []Target{
		judge("5,000 leases: RSS ≤ 20 MB", mb(d.RSS)+" MB", measured(d.RSS), maxRSS5000),
		threads(d),
		descriptors(d),
		judge("5,000 leases: heap a lease ≤ 4 KiB", Figure(d.HeapPerLease()/1024)+" KiB", d.HeapPerLease(), maxHeap),
		times("attach beside 5,000 leases, to beside 10", 1.2, r.beside(5000), r.beside(10)),
		judge("5,000 leases: a quiet minute costs no measurable CPU (< 10 ms)", Figure(quiet)+" ms", quiet, maxQuiet),
	}
}

// beside is the p50 of attaching beside so many leases.
func (r *Report) beside(leases int) float64 {
	return first(r.Scale, func(w Way) bool { return w.Leases == leases }).P50()
}

// storm judges no storm of fewer renewals than the target is about.
func (r *Report) storm() []Target {
	t := Target{"1,000 renewals within 60 s: ≤ 1.2 % of a core", none, Unknown}
	for _, d := range r.Daemons {
		if d.Name != Leased || d.Renewals == 0 {
			continue
		}
		t.Measured = fmt.Sprintf("%s %% (%s renewals in %s s)", Figure(d.StormShare()), Count(d.Renewals), Figure(d.Over))
		if d.Renewals >= 1000 && d.Over <= 60 {
			t = judge(t.What, t.Measured, d.StormShare(), maxStorm)
		}
	}
	return []Target{t}
}

// What may become of many that start at once.
const (
	maxMass    = 0.5 // of the time that as many take one by one
	maxRepeats = 1   // of one message by one container
)

func (r *Report) massStart() []Target { return append(r.massOn(Dnsmasq), r.massOn(Kea)...) }

func (r *Report) massOn(server string) []Target {
	i := slices.IndexFunc(r.Mass, func(m Mass) bool { return m.Server == server && m.Containers == 500 })
	m, all, again := Mass{}, math.NaN(), math.NaN()
	if i >= 0 {
		m = r.Mass[i]
		all, again = m.AtOnce/m.OneByOne, float64(m.Repeats)
	}
	if m.Failed > 0 {
		all = math.Inf(1)
	}
	return []Target{
		judge("500 at once on "+server+": ≤ 0.5× the time of 500 one by one, none failed",
			fmt.Sprintf("%s s to %s s: %s, %d failed", Figure(m.AtOnce), Figure(m.OneByOne), Ratio(m.AtOnce, m.OneByOne), m.Failed), all, maxMass),
		judge("and no container on "+server+" repeats a message more than once",
			fmt.Sprintf("%d at most of one container", m.Repeats), again, maxRepeats),
	}
}

// measured is n, which is 0 where it was not measured.
func measured(n int) float64 {
	if n == 0 {
		return math.NaN()
	}
	return float64(n)
}

// mb is KiB in MB.
func mb(kib int) string { return Figure(float64(kib) * 1024 / 1e6) }

// MB is a size in KiB in MB, for a reader.
func MB(kib int) string {
	if kib == 0 {
		return none
	}
	return mb(kib)
}
