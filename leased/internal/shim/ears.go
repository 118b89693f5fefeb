// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// ears hear what happens to the shims and their parents. They are there as long as a shim is.
type ears struct {
	sock *os.File // waits in the runtime's poller
	work sync.WaitGroup

	mu      sync.Mutex
	indexes map[int]bool    // of the shims and parents
	names   map[string]bool // of the parents
}

// listen opens the ears, if they are not open.
func (k *Keeper) listen() error {
	if k.ears != nil {
		return nil
	}
	sock, err := notices(k.ns)
	if err != nil {
		return fmt.Errorf("watch the host's shims: %w", err)
	}
	e := &ears{sock: sock}
	e.work.Go(func() { e.hear(k.heard) })
	k.ears = e
	return nil
}

// deafen closes the ears, and waits for them.
func (k *Keeper) deafen() {
	if k.ears != nil {
		k.ears.sock.Close()
		k.ears.work.Wait()
		k.ears = nil
	}
}

func notices(ns *netns.NS) (*os.File, error) {
	var fd int
	err := netns.OrOwn(ns).Do(func() (err error) {
		const groups = 1<<(unix.RTNLGRP_LINK-1) | 1<<(unix.RTNLGRP_IPV4_IFADDR-1) | 1<<(unix.RTNLGRP_IPV4_ROUTE-1)
		fd, err = rtnetlink.Socket(groups)
		return err
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "rtnetlink"), nil
}

// want tells what is to be heard of.
func (e *ears) want(uses []Use, indexes map[int]bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.indexes, e.names = indexes, map[string]bool{}
	for _, u := range uses {
		e.names[u.Host] = true
	}
}

// hear wakes the Keeper until the socket is closed. Notices that were lost may concern a shim.
func (e *ears) hear(heard chan<- struct{}) {
	var buf [8192]byte
	for {
		n, err := e.sock.Read(buf[:])
		switch {
		case errors.Is(err, unix.ENOBUFS):
			wake(heard)
		case err != nil:
			return
		case e.concerns(buf[:n]):
			wake(heard)
		}
	}
}

// concerns reports whether a datagram is about a shim or its parent.
func (e *ears) concerns(datagram []byte) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for m := range rtnetlink.Messages(datagram) {
		switch m.Type {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			if l, err := rtnetlink.ParseLink(m.Body); err == nil && (e.indexes[l.Index] || e.isParentLocked(m.Body, l)) {
				return true
			}
		case unix.RTM_DELADDR:
			const index = 4 // offset of ifa_index
			if len(m.Body) >= unix.SizeofIfAddrmsg && e.indexes[int(rtnetlink.Number(m.Body[index:]))] {
				return true
			}
		case unix.RTM_DELROUTE:
			if e.indexes[outOf(m.Body)] {
				return true
			}
		}
	}
	return false
}

// outOf is the ifindex of a route; 0: it has none.
func outOf(body []byte) (index int) {
	for kind, value := range rtnetlink.Attrs(body[min(len(body), unix.SizeofRtMsg):]) {
		if kind == unix.RTA_OIF {
			index = int(rtnetlink.Number(value))
		}
	}
	return index
}

// isParentLocked reports whether a link has a parent's name, or may have it as an alternative one.
func (e *ears) isParentLocked(body []byte, l rtnetlink.Link) bool {
	if e.names[l.Name] {
		return true
	}
	for name := range e.names {
		if len(name) > 0 && bytes.Contains(body, append([]byte(name), 0)) {
			return true
		}
	}
	return false
}
