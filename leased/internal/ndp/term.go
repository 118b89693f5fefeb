// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"slices"

	"podman-net-dhcp/leased/internal/clock"
)

// term is one part of an advertisement, and when it expires.
type term[T comparable] struct {
	what T
	end  clock.Instant
}

// over reports whether t has expired, or had a lifetime of 0.
func (t term[T]) over(now clock.Instant) bool { return t.end <= now }

// note updates said with t: an entry gets t's end, and is removed if it has expired by
// then. A new entry goes to the end of said, or nowhere if there are most entries
// already.
func note[T comparable](said []term[T], t term[T], now clock.Instant, most int) []term[T] {
	i := slices.IndexFunc(said, func(s term[T]) bool { return s.what == t.what })
	switch {
	case i >= 0 && t.over(now):
		return slices.Delete(said, i, i+1)
	case i >= 0:
		said[i].end = t.end
	case !t.over(now) && len(said) < most:
		return append(said, t)
	}
	return said
}

func living[T comparable](said []term[T], now clock.Instant) []term[T] {
	return slices.DeleteFunc(said, func(t term[T]) bool { return t.over(now) })
}

// first returns when the next entry of said expires.
func first[T comparable](said []term[T], now clock.Instant) clock.Instant {
	next := clock.Never
	for _, t := range said {
		if !t.over(now) {
			next = min(next, t.end)
		}
	}
	return next
}

// gather adds to list the entries of said that are valid at now and not in list yet, up
// to most.
func gather[T comparable](list []T, said []term[T], now clock.Instant, most int) []T {
	for _, t := range said {
		if len(list) < most && !t.over(now) && !slices.Contains(list, t.what) {
			list = append(list, t.what)
		}
	}
	return list
}
