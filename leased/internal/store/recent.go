// SPDX-License-Identifier: Apache-2.0

package store

import (
	"hash/maphash"
	"time"
)

// rewriteTime is how long a record that was written is not written again.
const rewriteTime = time.Minute

// recent is what was written in the last rewriteTime. It knows a key by a number: keys are
// long, and thousands of leases may begin in a minute.
type recent struct {
	seed  maphash.Seed
	since time.Time
	swept time.Duration // since since
	last  map[uint64]write
}

type write struct {
	at   time.Duration // since recent.since
	gone bool          // it was deleted
}

func newRecent() recent {
	return recent{seed: maphash.MakeSeed(), since: time.Now(), last: map[uint64]write{}}
}

func (r *recent) number(key string) uint64 { return maphash.String(r.seed, key) }

// note notes a write of key at this time.
func (r *recent) note(key string, gone bool) {
	r.last[r.number(key)] = write{time.Since(r.since), gone}
}

// pause is how long key is not written again; ≤ 0: it may be.
func (r *recent) pause(key string) time.Duration {
	w, ok := r.last[r.number(key)]
	if !ok {
		return 0
	}
	return rewriteTime - (time.Since(r.since) - w.at)
}

// deleted reports whether the last write of key was its deletion, lately.
func (r *recent) deleted(key string) bool { return r.last[r.number(key)].gone }

// sweep forgets what was not lately, once per rewriteTime. A map that has become empty gives
// its memory back.
func (r *recent) sweep() {
	now := time.Since(r.since)
	if now-r.swept < rewriteTime {
		return
	}
	r.swept = now
	for n, w := range r.last {
		if now-w.at >= rewriteTime {
			delete(r.last, n)
		}
	}
	if len(r.last) == 0 {
		r.last = map[uint64]write{}
	}
}
