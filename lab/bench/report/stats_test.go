// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"strings"
	"testing"
)

func TestQuantiles(t *testing.T) {
	for name, c := range map[string]struct {
		took          []float64
		p50, p95, max float64
	}{
		"none":   {nil, math.NaN(), math.NaN(), math.NaN()},
		"one":    {[]float64{7}, 7, 7, 7},
		"two":    {[]float64{9, 1}, 1, 9, 9},
		"odd":    {[]float64{3, 1, 2}, 2, 3, 3},
		"twenty": {count(20), 10, 19, 20},
	} {
		w := Way{Took: c.took}
		for what, got := range map[string][2]float64{"p50": {w.P50(), c.p50}, "p95": {w.P95(), c.p95}, "max": {w.Max(), c.max}} {
			if got[0] != got[1] && !(math.IsNaN(got[0]) && math.IsNaN(got[1])) {
				t.Errorf("%s: %s is %v, want %v", name, what, got[0], got[1])
			}
		}
	}
}

// count is n, n-1 … 1: statistics sort for themselves.
func count(n int) (all []float64) {
	for ; n > 0; n-- {
		all = append(all, float64(n))
	}
	return all
}

func TestQuantileKeepsTheOrderOfTries(t *testing.T) {
	w := Way{Took: []float64{3, 1, 2}}
	w.P50()
	if w.Took[0] != 3 {
		t.Error("the tries are sorted in place")
	}
}

func TestRateCountsWhatDidNotFail(t *testing.T) {
	if got := (Way{Took: count(10), Failed: 5, Elapsed: 2}).Rate(); got != 5 {
		t.Errorf("the rate is %v, want 5", got)
	}
	if got := (Way{}).Rate(); !math.IsNaN(got) {
		t.Errorf("without tries the rate is %v", got)
	}
}

func TestBestPeer(t *testing.T) {
	ways := []Way{
		{Kind: Ours, Took: []float64{1}, Elapsed: 1},
		{Kind: Peer, Failed: 3},
		{Kind: Peer, Took: []float64{20}, Elapsed: 0.5},
		{Kind: Peer, Took: []float64{10}, Elapsed: 1},
	}
	if BestPeer(ways) != 10 || BestRate(ways) != 2 {
		t.Errorf("best peer %v ms, %v a second; want 10, 2", BestPeer(ways), BestRate(ways))
	}
	if !math.IsNaN(BestPeer(ways[:2])) {
		t.Error("a peer that always failed is the best")
	}
}

func TestFigures(t *testing.T) {
	for want, f := range map[string]float64{
		"–": math.NaN(), "0": 0, "0.003": 0.003, "0.91": 0.912, "9.99": 9.99, "10.0": 9.999, "19.5": 19.5,
		"100": 99.96, "999": 999.4, "1,000": 999.7, "3,181": 3181.2, "12,345,678": 12345678,
	} {
		if got := Figure(f); got != want {
			t.Errorf("%v is written %s, want %s", f, got, want)
		}
	}
	if got := Ratio(3, 2); got != "1.50×" {
		t.Errorf("3 to 2 is written %s", got)
	}
}

func TestTable(t *testing.T) {
	table := Table{Head: []string{"way", "ms"}}
	table.Add("a|b", "1")
	var b strings.Builder
	if _, err := table.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if want := "| way | ms |\n|---|---:|\n| a\\|b | 1 |\n\n"; b.String() != want {
		t.Errorf("the table is\n%q, want\n%q", b.String(), want)
	}
}
