// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

const (
	brportState = 1 // IFLA_BRPORT_STATE, linux/if_link.h

	// linux/if_bridge.h; in all other states spanning tree holds the port back
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
// and no container's start should wait for that. It returns the ifindex of the
// container's end.
func (h *Host) forwards(ctx context.Context, s Spec) (int, error) {
	until := time.Now().Add(carrierFor)
	for {
		state, peer, err := h.port(s.HostEnd)
		switch {
		case err != nil:
			return 0, fmt.Errorf("read the port state of %s: %w", s.HostEnd, err)
		case state == brStateForwarding:
			return peer, nil
		case state != brStateDisabled:
			return 0, fmt.Errorf("the bridge %s runs spanning tree and keeps new ports from forwarding; try: ip link set %s type bridge stp_state 0", s.Host, s.Host)
		}
		if time.Now().After(until) || h.pause(ctx, carrierStep) != nil {
			return 0, fmt.Errorf("%s, plugged into the bridge %s, has no carrier", s.HostEnd, s.Host)
		}
	}
}

// port reads IFLA_LINKINFO / IFLA_INFO_SLAVE_DATA / IFLA_BRPORT_STATE, which netlink.Link
// does not show, and IFLA_LINK: the ifindex of the veth's other end. peer is 0 if the
// kernel does not tell it.
func (h *Host) port(name string) (state uint8, peer int, err error) {
	answer, err := h.raw(named(name))
	if err != nil {
		return 0, 0, err
	}
	attrs := answer[unix.SizeofIfInfomsg:]
	value, err := nested(attrs, unix.IFLA_LINKINFO, nl.IFLA_INFO_SLAVE_DATA, brportState)
	if err != nil || len(value) == 0 {
		return 0, 0, err
	}
	if link, err := nested(attrs, unix.IFLA_LINK); err == nil && len(link) == 4 {
		peer = int(binary.NativeEndian.Uint32(link))
	}
	return value[0], peer, nil
}

// nested follows a path of attribute types; nil when it ends early.
func nested(b []byte, path ...uint16) ([]byte, error) {
	for _, want := range path {
		attrs, err := nl.ParseRouteAttr(b)
		if err != nil {
			return nil, err
		}
		b = nil
		for _, a := range attrs {
			if a.Attr.Type&nl.NLA_TYPE_MASK == want {
				b = a.Value
			}
		}
	}
	return b, nil
}
