// SPDX-License-Identifier: Apache-2.0

package store

import (
	"path/filepath"
	"strconv"
	"testing"
)

func TestWorking(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "working")
	first := working(t, path)
	a, b := first.Begin("a"), first.Begin("b")
	first.End(a)
	if first.Was("b") {
		t.Error("b was at work before anything was")
	}
	second := working(t, path) // the first was killed
	if second.Was("a") || !second.Was("b") {
		t.Errorf("a %t, b %t", second.Was("a"), second.Was("b"))
	}
	first.End(b)
	if third := working(t, path); third.Was("b") {
		t.Error("b is still marked")
	}
}

func TestMoreAtWorkThanMarks(t *testing.T) {
	t.Parallel()
	w := working(t, filepath.Join(t.TempDir(), "working"))
	for i := range maxMarks {
		w.Begin(strconv.Itoa(i))
	}
	w.End(w.Begin("one more"))
	var none *Working
	none.End(none.Begin("x"))
	if none.Was("x") {
		t.Error("nothing marks nothing")
	}
}

func working(t *testing.T, path string) *Working {
	t.Helper()
	w, err := OpenWorking(path)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func BenchmarkWorking(b *testing.B) {
	w, err := OpenWorking(filepath.Join(b.TempDir(), "working"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w.End(w.Begin("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\x00lan\x00eth0"))
	}
}
