// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// A lease at rest is a few structs: this many bytes of the heap, with its strings and its
// share of the maps: 1,580 and 2,900 when this was written. The limits leave room for the
// noise of the heap. A limit that is passed wants a look at the
// heap profile, and not a higher limit.
func TestMemoryAtRest(t *testing.T) {
	for _, tt := range []struct {
		ipv6  string
		limit int
	}{
		{"off", 2100},
		{"auto", 3800},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.must(w.start())
			for i := range 1000 {
				w.acquireAsPodman(i, tt.ipv6)
			}
			w.pass(40 * time.Minute) // all are renewed once
			w.wantBytes("at rest", tt.limit)
			w.must(w.start())
			w.rest()
			w.wantBytes("after a restart", tt.limit)
		})
	}
}

// acquireAsPodman sends a request with all that the plugin says, through JSON: no two
// strings share their bytes.
func (w *world) acquireAsPodman(i int, ipv6 string) {
	w.t.Helper()
	r := w.container(i/200<<8 + i%200 + 2)
	r.Attachment.ContainerID = fmt.Sprintf("%064x", i)
	r.Client.ClientID = fmt.Sprintf("01%012x", i)
	r.Policy.Release, r.Policy.ConflictCheck, r.Policy.ResolvConf, r.Policy.IPv6 = "20s", "quick", true, ipv6
	if ipv6 != "off" {
		r.Client.DUID, r.Client.IAID = fmt.Sprintf("0004%032x", i), uint32(i)+1
		r.Client.Secret = fmt.Sprintf("%032x", i+1)
	}
	b, err := json.Marshal(r)
	w.must(err)
	var req leaseapi.AcquireRequest
	w.must(json.Unmarshal(b, &req))
	_, _, err = w.m.Acquire(context.Background(), req)
	w.must(err)
}

// wantBytes stops leased, and wants no more memory a lease to become free.
func (w *world) wantBytes(when string, limit int) {
	w.t.Helper()
	n := w.m.Len()
	w.kernel.with(func(k *fakeKernel) { k.conns = nil })
	before := heapInUse()
	w.stop()
	w.m = tested{}
	got := (before - heapInUse()) / n
	w.t.Logf("%s: %d leases, %d bytes each", when, n, got)
	if got > limit {
		w.t.Errorf("%s: %d bytes a lease, want at most %d", when, got, limit)
	}
}

func heapInUse() int {
	runtime.GC()
	runtime.GC() // for what the first one only took off its finalizers
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
