// SPDX-License-Identifier: Apache-2.0

// Package links hears of the host's links, beside step 5 of the way of a lease: of the bridges
// and parents that containers hang on, which go, come back, and lose their carrier, and of ports
// that leave such a bridge. It is one socket for all of them. A filter in the kernel keeps the
// links of others away, and those of starts.
package links

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// News is what has changed.
type News struct {
	Hosts []Host
	// Ports are the names of ports that left their bridge, or are down.
	Ports []string
	// Missed says that the kernel had more to say than it could keep, or that nobody has listened
	// before: whatever is not in Plugged may be amiss. Plugged are the ports of the bridges, by
	// name, that are up.
	Missed  bool
	Plugged map[string]bool
}

// Watcher hears of links. Next is for one goroutine, Watch for any.
type Watcher struct {
	ns    *netns.NS
	sock  *os.File // waits in the runtime's poller
	hosts map[string]*host
	began bool
	pace  pace
	lets  interest // that the filter lets through
	buf   [8192]byte

	mu     sync.Mutex
	known  map[string]bool // asked for
	wanted []string        // of these, not looked at yet
}

// Listen begins to listen in the caller's namespace, or in ns if it is not nil. Close it.
func Listen(ns *netns.NS) (*Watcher, error) {
	var fd int
	err := netns.OrOwn(ns).Do(func() (err error) { fd, err = rtnetlink.Socket(1 << (unix.RTNLGRP_LINK - 1)); return err })
	if err != nil {
		return nil, fmt.Errorf("watch the host's links: %w", err)
	}
	w := &Watcher{ns: ns, sock: os.NewFile(uintptr(fd), "rtnetlink"), hosts: map[string]*host{}, known: map[string]bool{}}
	if err := attach(w.sock, filter(interest{})); err != nil {
		w.sock.Close()
		return nil, fmt.Errorf("watch the host's links: %w", err)
	}
	return w, nil
}

// Close makes Next return.
func (w *Watcher) Close() { w.sock.Close() }

// Watch has Next tell of a host interface from now on. It does not wait.
func (w *Watcher) Watch(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known[name] {
		return
	}
	w.known[name] = true
	w.wanted = append(w.wanted, name)
	_ = w.sock.SetReadDeadline(time.Now()) // Next takes it up
}

// gather is how long messages are collected after the first one: most changes are several.
// afterOverrun is how long after an overrun: the links are compared once then.
const (
	gather       = 20 * time.Millisecond
	afterOverrun = 500 * time.Millisecond
)

// Next waits for news. It fails with os.ErrClosed after Close.
func (w *Watcher) Next() (News, error) {
	for {
		h, err := w.hear()
		if err != nil {
			return News{}, err
		}
		n, err := w.draw(h)
		if err != nil {
			return News{}, err
		}
		if len(n.Hosts) > 0 {
			w.pace.told(time.Now())
		}
		if n.Missed || len(n.Hosts)+len(n.Ports) > 0 {
			return n, nil
		}
	}
}

// heard is what the messages of a moment say.
type heard struct {
	hosts  bool // something is new about a host interface, or about an uplink
	joined bool // a bridge may have another uplink
	ports  []string
	missed bool
}

// hear reads the messages of a moment. It returns early for a host interface that is wanted.
func (w *Watcher) hear() (h heard, err error) {
	var until time.Time
	if !w.began {
		w.began, h.missed, until = true, true, time.Now()
	}
	for !w.takeUp(&h, until) {
		n, err := w.sock.Read(w.buf[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && until.IsZero():
			continue // Watch
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.takeUp(&h, until)
			return h, nil
		case errors.Is(err, os.ErrClosed):
			return h, os.ErrClosed
		case errors.Is(err, unix.ENOBUFS):
			h.missed, until = true, time.Now().Add(afterOverrun)
		case err != nil:
			return h, fmt.Errorf("watch the host's links: %w", err)
		default:
			w.take(&h, w.buf[:n])
		}
		if until.IsZero() {
			until = w.pace.until(time.Now())
		}
	}
	return h, nil
}

// takeUp takes up the host interfaces that are wanted, and sets how long to wait for messages.
// It reports whether that changes the filter.
func (w *Watcher) takeUp(h *heard, until time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range w.wanted {
		w.hosts[name] = &host{name: name}
	}
	news := len(w.wanted) > 0
	w.wanted = nil
	_ = w.sock.SetReadDeadline(until)
	h.hosts, h.joined = h.hosts || news, h.joined || news
	return news
}

// take reads the messages of a datagram.
func (w *Watcher) take(h *heard, datagram []byte) {
	for m := range rtnetlink.Messages(datagram) {
		l, err := rtnetlink.ParseLink(m.Body)
		if err != nil {
			continue
		}
		off := m.Type == unix.RTM_DELLINK || l.Flags&unix.IFF_UP == 0
		bridge := m.Body[0] == unix.AF_BRIDGE
		concerns := false
		for _, one := range w.hosts {
			concerns = one.concerns(l, off || l.Flags&lowerUp == 0, bridge, m.Body) || concerns
		}
		h.hosts = h.hosts || concerns
		h.joined = h.joined || !off && l.Master != 0
		if off && l.Master != 0 {
			h.ports = append(h.ports, l.Name)
		}
	}
}

// concerns reports whether a message concerns the interface, and notes that its LAN was lost.
func (h *host) concerns(l rtnetlink.Link, off, bridge bool, body []byte) bool {
	_, uplink := h.uplinks[l.Index]
	switch {
	case h.index == 0:
		return bytes.Contains(body, append([]byte(h.name), 0))
	case l.Index == h.index && !bridge:
		h.lost = h.lost || off
		return true
	case uplink:
		h.lost = h.lost || off && len(h.uplinks) == 1
		return true
	}
	return l.Master == h.index && !off
}
