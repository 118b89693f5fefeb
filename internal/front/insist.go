// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"errors"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// reopening is how long leased's socket may be missing while leased.socket restarts.
const reopening = 2 * time.Second

// insist repeats do, at most twice, if leased hangs up: leased is restarting, or was
// killed, and the next leased takes the call. When leased.socket restarts, the first
// repetition may be cut off together with the socket, which is then missing for a
// moment. There is no third repetition: a leased that dies of this very call stays dead.
//
// A pause comes before each repetition: a leased that hangs up may accept one more caller
// before it closes its socket, and systemd closes the socket some time after that.
func insist(ctx context.Context, do func() error) error {
	err := do()
	for _, pause := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond} {
		if !errors.Is(err, leaseapi.ErrHungUp) {
			break
		}
		time.Sleep(pause)
		err = do()
		for end := time.Now().Add(reopening); errors.Is(err, leaseapi.ErrAbsent) && time.Now().Before(end) && ctx.Err() == nil; err = do() {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return err
}
