// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkSave is in the path of a container's start: a record of the usual size, over one
// that there is. "rested" is a start on a quiet host.
func BenchmarkSave(b *testing.B) {
	for name, rest := range map[string]time.Duration{"busy": 0, "rested": 2 * time.Millisecond} {
		b.Run(name, func(b *testing.B) { benchmarkSave(b, rest) })
	}
}

func benchmarkSave(b *testing.B, rest time.Duration) {
	b.Helper()
	s := open(b, b.TempDir())
	r := rec{Name: "x", Text: strings.Repeat("x", 1500)}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		time.Sleep(rest)
		key, start := fmt.Sprint(i%100), time.Now()
		if err := s.Save(key, r); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
}
