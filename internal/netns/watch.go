// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// rtgenmsg is a struct rtgenmsg of linux/rtnetlink.h for any family, with its padding.
var rtgenmsg [4]byte

// ID returns the number by which the caller's namespace knows this one (nsid, see
// ip-netns(8)), and assigns one if there is none. When the namespace ends, the kernel
// reports this number, see Watch. Numbers are reused.
func (n *NS) ID() (int, error) {
	c, err := rtnetlink.Open()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	fd := rtnetlink.Uint32(unix.NETNSA_FD, uint32(n.FD()))
	var r rtnetlink.Request
	r.Add(unix.RTM_NEWNSID, unix.NLM_F_ACK, rtgenmsg[:], fd, rtnetlink.Uint32(unix.NETNSA_NSID, anyNumber))
	r.Add(unix.RTM_GETNSID, 0, rtgenmsg[:], fd)
	answers := c.Do(r)
	if err := answers[0].Err; err != nil && !errors.Is(err, unix.EEXIST) {
		return 0, fmt.Errorf("number the network namespace: %w", err)
	}
	id, ok := number(answers[1].Body)
	if !ok {
		return 0, fmt.Errorf("ask for the network namespace's number: %w", cmp.Or(answers[1].Err, error(unix.EBADMSG)))
	}
	return id, nil
}

const anyNumber = math.MaxUint32 // -1, NETNSA_NSID_NOT_ASSIGNED: the kernel chooses

// number reads the number in a message about a namespace.
func number(body []byte) (int, bool) {
	for kind, value := range rtnetlink.Attrs(body[min(len(body), len(rtgenmsg)):]) {
		if kind == unix.NETNSA_NSID && len(value) == 4 {
			return int(int32(rtnetlink.Number(value))), true
		}
	}
	return 0, false
}

// Watcher reports network namespaces that end. It is one socket for all of them, and
// keeps none of them alive.
type Watcher struct {
	sock *os.File // waits in the runtime's poller, so that Close ends a Read
	buf  [8192]byte
}

// Watch begins to listen. Close it.
func Watch() (*Watcher, error) {
	fd, err := rtnetlink.Socket(1 << (unix.RTNLGRP_NSID - 1))
	if err != nil {
		return nil, fmt.Errorf("watch network namespaces: %w", err)
	}
	return &Watcher{sock: os.NewFile(uintptr(fd), "rtnetlink")}, nil
}

// Next waits for namespaces to end and returns their numbers (see NS.ID). missed says
// that there were more than the kernel could keep: any namespace may have ended. It
// fails with os.ErrClosed after Close.
func (w *Watcher) Next() (ended []int, missed bool, err error) {
	for len(ended) == 0 {
		n, err := w.sock.Read(w.buf[:])
		switch {
		case errors.Is(err, unix.ENOBUFS):
			return nil, true, nil
		case errors.Is(err, os.ErrClosed):
			return nil, false, os.ErrClosed
		case err != nil:
			return nil, false, fmt.Errorf("watch network namespaces: %w", err)
		}
		for m := range rtnetlink.Messages(w.buf[:n]) {
			if id, ok := number(m.Body); ok && m.Type == unix.RTM_DELNSID {
				ended = append(ended, id)
			}
		}
	}
	return ended, false, nil
}

// Close makes Next return.
func (w *Watcher) Close() { w.sock.Close() }
