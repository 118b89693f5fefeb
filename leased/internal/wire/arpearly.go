// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A filter takes longer than a probe and a DHCPREQUEST, which a start waits for. So the
// first filter of an ARP socket lets in all addresses, while the address is not known yet.
// The answers to the probe are in the socket's buffer when Watch sets the second filter.

// await returns when Watch or Close was called. Before that, it makes the socket ready for
// a probe.
func (a *ARP) await(ctx context.Context) error {
	select {
	case <-a.awake:
		return nil
	default:
	}
	a.mu.Lock()
	err := a.listenLocked()
	a.mu.Unlock()
	if err != nil {
		return fmt.Errorf("receive: %w", a.verdict(err))
	}
	select {
	case <-a.awake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *ARP) wake() { a.once.Do(func() { close(a.awake) }) }

// listenLocked makes a socket that has no filter hear of all addresses.
func (a *ARP) listenLocked() error {
	if a.bound {
		return nil
	}
	return a.admit(arpFilterAll(a.mac))
}

// expect has the answers to a probe stay in the buffer until Watch. Other packets are
// thrown away: the buffer is small.
func (a *ARP) expect(addr netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.watched.Load() != 0 {
		return nil
	}
	if err := a.listenLocked(); err != nil {
		return err
	}
	a.probed = addr
	return a.control(func(fd int) error {
		if _, err := overflowed(fd); err != nil {
			return err
		}
		return drain(fd)
	})
}

// setFilter has the socket hear of one address.
func (a *ARP) setFilter(addr netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	only := arpFilter(claim{a.mac, number(addr)})
	if early := a.watched.Swap(number(addr)) == 0 && a.probed == addr; !early {
		a.early.Store(nil)
		return a.admit(only)
	}
	lost := false
	err := a.control(func(fd int) (err error) {
		if err = attach(fd, only); err != nil {
			return err
		}
		if lost, err = overflowed(fd); err != nil {
			return err
		}
		return a.sift(fd)
	})
	if err == nil && lost { // the answer may be among them: ask again
		err = a.ask("probe for", netip.IPv4Unspecified(), addr)
	}
	return err
}

// sift reads the buffer, and keeps the first conflict.
func (a *ARP) sift(fd int) error {
	buf := make([]byte, arpLen)
	for range maxEarly {
		heard, err := recvmsg(fd, buf)
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return err
		}
		if c, drop := heard.conflict(claim{a.mac, a.watched.Load()}); drop == nil && a.early.Load() == nil {
			a.early.Store(&c)
		}
	}
	return nil
}

// maxEarly is more packets than a buffer of the usual size takes.
const maxEarly = 1024

// overflowed reports whether packets were lost since the last call.
func overflowed(fd int) (bool, error) {
	stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	return err == nil && stats.Drops > 0, err
}
