// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// BenchmarkDo is a visit of a namespace that makes nothing. A container's start makes
// several visits. Between two visits the process rests, so that other threads are asleep,
// as in a start on a quiet host.
func BenchmarkDo(b *testing.B) {
	for name, rest := range map[string]time.Duration{"busy": 0, "rested": 2 * time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			ns := testlan.New(b).Container().Open()
			defer ns.Close()
			var took []time.Duration
			for b.Loop() {
				time.Sleep(rest)
				start := time.Now()
				if err := ns.Do(func() error { return nil }); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)*9/10].Nanoseconds()), "p90-ns")
		})
	}
}
