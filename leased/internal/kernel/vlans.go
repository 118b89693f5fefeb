// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
)

// VLANs removes the VLAN devices that links of ours hung on, after the last of these links. The
// methods of a nil VLANs do nothing.
type VLANs struct {
	host *netns.NS // nil: leased's own
	log  *slog.Logger
	used atomic.Bool // there may be such a device
	news chan struct{}
}

// NewVLANs first removes what an earlier leased has left. host is where the devices are; nil:
// where leased is.
func NewVLANs(host *netns.NS, log *slog.Logger) *VLANs {
	v := &VLANs{host: host, log: log, news: make(chan struct{}, 1)}
	v.sweep()
	v.ended()
	return v
}

// made follows the making of a link, also where that failed.
func (v *VLANs) made(s attach.Spec, onBridge bool) {
	if v != nil && s.VLAN != 0 && !onBridge {
		v.used.Store(true)
	}
}

// ended follows the end of a link, or its namespace.
func (v *VLANs) ended() {
	if v == nil || !v.used.Load() {
		return
	}
	select {
	case v.news <- struct{}{}:
	default:
	}
}

// looks are the times between looks for devices that nothing uses: the kernel destroys the
// namespace of a dead container some time later, and other programs can hold it.
var looks = []time.Duration{20 * time.Millisecond, 200 * time.Millisecond, 2 * time.Second, 20 * time.Second}

// Run removes the devices until ctx ends.
func (v *VLANs) Run(ctx context.Context) error {
	late := time.NewTimer(time.Hour)
	defer late.Stop()
	for next := len(looks); ; {
		late.Stop()
		if next < len(looks) {
			late.Reset(looks[next])
		}
		select {
		case <-ctx.Done():
			if next < len(looks) || len(v.news) > 0 {
				v.sweep()
			}
			return nil
		case <-v.news:
			next = 0
		case <-late.C:
			if next++; v.sweep() {
				next = len(looks)
			}
		}
	}
}

// sweep reports whether no device is left.
func (v *VLANs) sweep() bool {
	v.used.Store(false) // before the look: a device that is made now is told later
	host, err := attach.OpenHost(v.host)
	if err != nil {
		v.log.Warn("look for VLAN devices that nothing uses", "err", err)
		return true
	}
	defer host.Close()
	left, err := host.SweepVLANs()
	if err != nil {
		v.log.Warn("remove VLAN devices that nothing uses", "err", err)
	}
	if left > 0 {
		v.used.Store(true)
	}
	return left == 0
}
