// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"fmt"
	"time"
)

// linux/if_bridge.h; in all other states spanning tree holds the port back
const (
	brStateDisabled   = 0
	brStateForwarding = 3
)

// The kernel may announce a new port's carrier up to a second late, and the bridge drops
// its frames until then. A request for the link makes the kernel check the carrier,
// since Linux 6.8.
const (
	carrierFor  = 2 * time.Second
	carrierStep = time.Millisecond
)

// Spanning tree's timers run in the kernel, which may be a little late.
const (
	forwardsLate = time.Second
	forwardsStep = 20 * time.Millisecond
)

// forwards waits until the port forwards. Spanning tree has it listen and learn first, for the
// bridge's forward delay each: 30 s by default, 4 s on many bridges. forwards returns how long
// that takes if it does not wait.
func (h *Host) forwards(ctx context.Context, on Interface, s Spec) (blocked time.Duration, err error) {
	until, step := time.Now().Add(carrierFor), carrierStep
	held := 2 * on.link.Bridge.Delay
	for listens := false; ; {
		port, err := h.conn.LinkByName(s.HostEnd)
		switch {
		case err != nil:
			return 0, fmt.Errorf("read the port state of %s: %w", s.HostEnd, err)
		case port.PortState == brStateForwarding:
			return 0, nil
		case port.PortState == brStateDisabled || listens:
		case held > s.Patience && s.Impatient:
			return held, nil
		case held > s.Patience:
			return 0, holdsBack(s, held)
		default:
			listens = true
			until, step = time.Now().Add(held+forwardsLate), forwardsStep
		}
		switch err := h.pause(ctx, step); {
		case err != nil:
			return 0, fmt.Errorf("wait for %s to forward: %w", s.HostEnd, err)
		case time.Now().Before(until):
		case listens:
			return 0, fmt.Errorf("the bridge %s has not let %s forward within %s; does the container lead to a second port of the bridge? see: bridge link", s.Host, s.HostEnd, held)
		default:
			return 0, fmt.Errorf("%s, plugged into the bridge %s, has no carrier", s.HostEnd, s.Host)
		}
	}
}

// holdsBack is the error for a port that is not to forward in time.
func holdsBack(s Spec, held time.Duration) error {
	const b = "the bridge %s runs spanning tree and holds a new port back for %s, longer than lease_timeout=%s; " +
		"turn spanning tree off for good: for NetworkManager, nmcli connection modify %s bridge.stp no; " +
		"for systemd-networkd, STP=no under [Bridge] in its .netdev file; for netplan, parameters: {stp: false}; " +
		"or set the bridge's forward delay to 2 s, or on_timeout=continue"
	return fmt.Errorf(b, s.Host, held, s.Patience, s.Host)
}
