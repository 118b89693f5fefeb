// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"math"

	"podman-net-dhcp/lab/bench/report"
)

func daemons(b *bytes.Buffer, all []report.Daemon) {
	if len(all) == 0 {
		return
	}
	heading(b, "Daemons at rest", "Heap is that in use after a collection, less that of a leased without leases. Ready is from exec to READY=1 with so many leases on disk.")
	t := report.Table{Head: []string{
		"daemon", "leases", "RSS, MB", "heap a lease, KiB", "threads", "descriptors", "CPU of a quiet minute, ms", "renewals", "CPU of them, ms", "% of a core", "ready, ms",
	}}
	for _, d := range all {
		t.Add(emphasis(d.Name, d.Kind), report.Count(d.Leases), report.MB(d.RSS), report.Figure(d.HeapPerLease()/1024),
			report.Measured(d.Threads), report.Measured(d.Descriptors), unless(d.Quiet < 0, d.Quiet),
			storm(d), unless(d.Renewals == 0, d.Storm), report.Figure(d.StormShare()), unless(d.Ready == 0, d.Ready))
	}
	_, _ = t.WriteTo(b)
}

func storm(d report.Daemon) string {
	if d.Renewals == 0 {
		return report.Figure(math.NaN())
	}
	return fmt.Sprintf("%s in %s s", report.Count(d.Renewals), report.Figure(d.Over))
}

// unless is a figure, or what stands for none.
func unless(missing bool, f float64) string {
	if missing {
		f = math.NaN()
	}
	return report.Figure(f)
}

func mass(b *bytes.Buffer, all []report.Mass) {
	if len(all) == 0 {
		return
	}
	heading(b, "Many at once", "`net-dhcp setup` for as many containers, all started together, and one after another.")
	t := report.Table{Head: []string{
		"server", "containers", "at once, s", "one by one, s", "ratio", "failed", "slowest, ms", "DISCOVERs", "repeated by one at most",
	}}
	for _, m := range all {
		t.Add(m.Server, report.Count(m.Containers), report.Figure(m.AtOnce), report.Figure(m.OneByOne), report.Ratio(m.AtOnce, m.OneByOne),
			report.Count(m.Failed), report.Figure(m.Slowest), report.Count(m.Discovers), report.Count(m.Repeats))
	}
	_, _ = t.WriteTo(b)
}
