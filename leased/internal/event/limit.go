// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"
)

// Limit is a Sink that writes to the log what an attachment can be expected to tell, and
// counts what is more. The LAN decides how often a lease changes, and a log that is flooded
// loses the lines of others. There is no limit for the ends of attachments, which containers
// decide, and none for a log of level Debug, which its reader wants whole.
//
// What was left out is told a minute later as LeftOut, or at the end of the attachment. An
// attachment that begins under the name of one that ended has a limit of its own.
type Limit struct {
	log   *slog.Logger
	next  Sink // that writes to log
	since time.Time
	seed  maphash.Seed
	begun chan struct{} // the first event since the last Flush was left out

	mu    sync.Mutex // guards all following fields
	rates map[uint64]rate
	swept time.Duration // when rates was swept, since since
	left  map[Attachment]int
}

// NewLimit returns a Limit that writes to log, as the Sink of NewLog does.
func NewLimit(log *slog.Logger) *Limit {
	return &Limit{
		log: log, next: NewLog(log), since: time.Now(), seed: maphash.MakeSeed(), begun: make(chan struct{}, 1),
		rates: map[uint64]rate{}, left: map[Attachment]int{},
	}
}

// tellTime is how long what was left out is counted before it is told.
const tellTime = time.Minute

// Run tells what was left out, until ctx ends. Flush is for what is left out then.
func (l *Limit) Run(ctx context.Context) {
	tell := time.NewTimer(tellTime)
	tell.Stop()
	defer tell.Stop()
	for {
		select {
		case <-l.begun:
			tell.Reset(tellTime)
		case <-tell.C:
			l.Flush()
		case <-ctx.Done():
			return
		}
	}
}

// Flush tells what was left out and not told yet.
func (l *Limit) Flush() {
	l.mu.Lock()
	left := l.left
	l.left = map[Attachment]int{}
	l.mu.Unlock()
	for who, lines := range left {
		l.next.Emit(who, LeftOut{Lines: lines})
	}
}

// Emit writes e to the log, or counts it.
func (l *Limit) Emit(who Attachment, e Event) {
	switch e.(type) {
	case Held, Ended, Panicked:
		if lines := l.end(who); lines > 0 {
			l.next.Emit(who, LeftOut{Lines: lines})
		}
	case Lost:
	default:
		if !l.allows(who, e.Level()) {
			return
		}
	}
	l.next.Emit(who, e)
}

// end forgets an attachment, and returns how many of its events were left out.
func (l *Limit) end(who Attachment) (lines int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines = l.left[who]
	delete(l.left, who)
	delete(l.rates, maphash.Comparable(l.seed, who))
	return lines
}

// allows reports whether the log gets an event of that level, and counts the event.
func (l *Limit) allows(who Attachment, level slog.Level) bool {
	if ctx := context.Background(); !l.log.Enabled(ctx, level) || l.log.Enabled(ctx, slog.LevelDebug) {
		return true // nobody reads it, or somebody reads all
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.since)
	l.sweepLocked(now)
	name := maphash.Comparable(l.seed, who) // thousands of attachments may begin in a minute
	r := l.rates[name]
	if r.take(now, level) {
		l.rates[name] = r
		return true
	}
	if len(l.left) == 0 {
		l.begin()
	}
	l.left[who]++
	return false
}

// begin has Run tell, tellTime later.
func (l *Limit) begin() {
	select {
	case l.begun <- struct{}{}:
	default:
	}
}

// sweepLocked forgets, once per tellTime, the attachments that were silent for long.
func (l *Limit) sweepLocked(now time.Duration) {
	if now-l.swept < tellTime {
		return
	}
	l.swept = now
	kept := map[uint64]rate{}
	for name, r := range l.rates {
		if !r.full(now) {
			kept[name] = r
		}
	}
	l.rates = kept
}
