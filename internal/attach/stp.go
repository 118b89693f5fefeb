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

// forwards waits until the port forwards. It refuses a bridge that holds a new port
// back: spanning tree listens and learns for twice its forward delay, 30 s by default,
// and no container's start should wait for that.
func (h *Host) forwards(ctx context.Context, s Spec) error {
	until := time.Now().Add(carrierFor)
	for {
		port, err := h.conn.LinkByName(s.HostEnd)
		switch {
		case err != nil:
			return fmt.Errorf("read the port state of %s: %w", s.HostEnd, err)
		case port.PortState == brStateForwarding:
			return nil
		case port.PortState != brStateDisabled:
			return fmt.Errorf("the bridge %s runs spanning tree and keeps new ports from forwarding; try: ip link set %s type bridge stp_state 0", s.Host, s.Host)
		}
		if time.Now().After(until) || h.pause(ctx, carrierStep) != nil {
			return fmt.Errorf("%s, plugged into the bridge %s, has no carrier", s.HostEnd, s.Host)
		}
	}
}
