// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// From linux/rtnetlink.h and linux/net_namespace.h.
const (
	rtnlgrpNSID   = 28 // RTNLGRP_NSID
	rtmDelNSID    = 89 // RTM_DELNSID
	sizeofRtgenms = 4  // struct rtgenmsg, aligned
	netnsaNSID    = 1  // NETNSA_NSID
)

// ID returns the number by which the caller's namespace knows this one (nsid, see
// ip-netns(8)), and assigns one if there is none. When the namespace ends, the kernel
// reports this number, see Watch. Numbers are reused.
func (n *NS) ID() (int, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return 0, fmt.Errorf("open netlink: %w", err)
	}
	defer h.Close()
	if err := h.SetNetNsIdByFd(n.FD(), -1); err != nil && !errors.Is(err, unix.EEXIST) {
		return 0, fmt.Errorf("number the network namespace: %w", err)
	}
	id, err := h.GetNetNsIdByFd(n.FD())
	if err != nil {
		return 0, fmt.Errorf("ask for the network namespace's number: %w", err)
	}
	return id, nil
}

// Watcher reports network namespaces that end. It is one socket for all of them, and
// keeps none of them alive.
type Watcher struct {
	sock   *nl.NetlinkSocket
	closed atomic.Bool
}

// Watch begins to listen. Close it.
func Watch() (*Watcher, error) {
	sock, err := nl.Subscribe(unix.NETLINK_ROUTE, rtnlgrpNSID)
	if err != nil {
		return nil, fmt.Errorf("watch network namespaces: %w", err)
	}
	return &Watcher{sock: sock}, nil
}

// Next waits for namespaces to end and returns their numbers (see NS.ID). missed says
// that there were more than the kernel could keep: any namespace may have ended. It
// fails with os.ErrClosed after Close.
func (w *Watcher) Next() (ended []int, missed bool, err error) {
	for len(ended) == 0 {
		messages, _, err := w.sock.Receive()
		switch {
		case errors.Is(err, unix.ENOBUFS):
			return nil, true, nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case w.closed.Load():
			return nil, false, os.ErrClosed
		case err != nil:
			return nil, false, fmt.Errorf("watch network namespaces: %w", err)
		}
		for _, m := range messages {
			if id, ok := endedID(m.Header.Type, m.Data); ok {
				ended = append(ended, id)
			}
		}
	}
	return ended, false, nil
}

func endedID(kind uint16, data []byte) (int, bool) {
	if kind != rtmDelNSID || len(data) < sizeofRtgenms {
		return 0, false
	}
	attrs, err := nl.ParseRouteAttr(data[sizeofRtgenms:])
	if err != nil {
		return 0, false
	}
	for _, a := range attrs {
		if a.Attr.Type == netnsaNSID && len(a.Value) == 4 {
			return int(int32(binary.NativeEndian.Uint32(a.Value))), true
		}
	}
	return 0, false
}

// Close makes Next return.
func (w *Watcher) Close() {
	w.closed.Store(true)
	w.sock.Close()
}
