// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

func TestInsist(t *testing.T) {
	t.Parallel()
	other := errors.New("no lease")
	hungUp, absent := fmt.Errorf("x: %w", leaseapi.ErrHungUp), fmt.Errorf("x: %w", leaseapi.ErrAbsent)
	for name, c := range map[string]struct {
		answers []error // the last one for ever
		want    error
		calls   int
		within  time.Duration
	}{
		"well":                  {[]error{nil}, nil, 1, 0},
		"a refusal stands":      {[]error{other}, other, 1, 0},
		"nobody was there":      {[]error{absent}, absent, 1, 0},
		"restarted":             {[]error{hungUp, nil}, nil, 2, 10 * time.Millisecond},
		"restarted and no":      {[]error{hungUp, other}, other, 2, 10 * time.Millisecond},
		"dies of each call":     {[]error{hungUp}, hungUp, 3, 110 * time.Millisecond},
		"its socket, too":       {[]error{hungUp, hungUp, absent, absent, nil}, nil, 5, 200 * time.Millisecond},
		"and it stays away":     {[]error{hungUp, absent}, absent, 202, 3 * time.Second},
		"comes, and hangs up":   {[]error{hungUp, absent, hungUp, absent, nil}, nil, 5, 200 * time.Millisecond},
		"comes, and dies of it": {[]error{hungUp, absent, hungUp, absent, hungUp}, hungUp, 5, 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls, begun := 0, time.Now()
				err := insist(t.Context(), func() error {
					calls++
					return c.answers[min(calls, len(c.answers))-1]
				})
				if !errors.Is(err, c.want) || calls != c.calls || time.Since(begun) > c.within {
					t.Errorf("%v after %d calls in %v; want %v after %d within %v", err, calls, time.Since(begun), c.want, c.calls, c.within)
				}
			})
		})
	}
}

// Whose time is over waits for no socket.
func TestInsistEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begun, answers := time.Now(), []error{leaseapi.ErrHungUp, leaseapi.ErrAbsent}
		_ = insist(ctx, func() error {
			defer func() { answers = answers[len(answers)-1:] }()
			return answers[0]
		})
		if took := time.Since(begun); took > 200*time.Millisecond {
			t.Errorf("it takes %v", took)
		}
	})
}
