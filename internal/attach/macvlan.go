// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

var macvlanModes = map[string]netlink.MacvlanMode{
	"bridge":   netlink.MACVLAN_MODE_BRIDGE,
	"private":  netlink.MACVLAN_MODE_PRIVATE,
	"vepa":     netlink.MACVLAN_MODE_VEPA,
	"passthru": netlink.MACVLAN_MODE_PASSTHRU,
}

// The kernel frees the MAC of a container that has died when it destroys its
// netns, which is a matter of milliseconds: netavark #1308, systemd #33869.
const (
	addrInUseFor  = 2 * time.Second
	addrInUseStep = 2 * time.Millisecond
)

func (h *Host) macvlan(ctx context.Context, on Interface, s Spec, attrs netlink.LinkAttrs) error {
	mode, ok := macvlanModes[s.Mode]
	if !ok {
		return fmt.Errorf("macvlan mode %q is none of bridge, private, vepa, passthru", s.Mode)
	}
	attrs.ParentIndex = on.link.Attrs().Index
	link := &netlink.Macvlan{LinkAttrs: attrs, Mode: mode}
	err := h.addWaiting(ctx, link)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("the MAC %s is in use on %s already; another container or %s itself has it", s.MAC, s.Host, s.Host)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s cannot take a macvlan now (EBUSY): a bridge or bond has it as a port, or ipvlans hang on it; see: ip -d link show %s", s.Host, s.Host)
	case errors.Is(err, unix.EINVAL) && s.Mode == "passthru":
		return fmt.Errorf("mode=passthru wants %s for one container alone, and other macvlans hang on it", s.Host)
	case err != nil:
		return fmt.Errorf("make a macvlan of %s: %w", s.Host, err)
	}
	return nil
}

// addWaiting adds the link and tries again while its MAC is in use.
func (h *Host) addWaiting(ctx context.Context, link netlink.Link) error {
	ctx, cancel := context.WithTimeout(ctx, addrInUseFor)
	defer cancel()
	for {
		err := h.nl.LinkAdd(link)
		if !errors.Is(err, unix.EADDRINUSE) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(addrInUseStep):
		}
	}
}
