// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// ack is an acknowledgement, or with an errno a refusal, with the message's header.
func ack(seq uint32, no unix.Errno) []byte {
	b := make([]byte, unix.SizeofNlMsghdr+4+unix.SizeofNlMsghdr)
	native.PutUint32(b, uint32(len(b)))
	native.PutUint16(b[4:], unix.NLMSG_ERROR)
	native.PutUint32(b[8:], seq)
	native.PutUint32(b[16:], uint32(-int32(no)))
	return b
}

// pretend gives the Conn a socket that carries nothing out, and has these answers.
func pretend(t *testing.T, c *Conn, datagrams ...[]byte) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(ends[1]) })
	c.Close()
	c.sock = rtnetlink.New(ends[0])
	for _, d := range datagrams {
		_, err := unix.Write(ends[1], d)
		must(t, err)
	}
}

// The library repeats exactly the messages that failed, in whatever order the answers
// come.
func TestOnlyTheFailedMessagesAreRepeated(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Routes = append(s.Routes, Route{Dst: doc}, Route{Dst: netip.MustParsePrefix("203.0.113.0/24")})
	onDoc := "198.51.100.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 100"
	on203 := "203.0.113.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 100"
	for name, tt := range map[string]struct {
		datagrams [][]byte
		want      []string
	}{
		"nothing is answered": {nil, []string{fromFirst, onDoc, on203}},
		"out of order":        {[][]byte{ack(4, unix.ENOMEM), ack(2, 0), ack(1, unix.ENOBUFS), ack(3, unix.ENOMEM)}, []string{onDoc, on203}},
		"short":               {[][]byte{ack(1, unix.EPERM), ack(2, 0)[:18], ack(3, 0), ack(4, 0)}, []string{fromFirst}},
	} {
		c := on(t, link)
		pretend(t, c, tt.datagrams...)
		applyOn(t, c, s, nil)
		wantAddrs(t, link, first)
		wantRoutes(t, link.NS, tt.want...)
		must(t, remove(link, s))
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// The link, and then the namespace too, go after the address was applied.
func TestContainerEndsInTheMiddle(t *testing.T) {
	_, link := onVeth(t)
	ns := link.NS.Open()
	link.Delete()
	link.NS.Delete()
	prev := lease(link, first)
	for _, closed := range []bool{false, true} {
		for _, tt := range []struct {
			prev      *Spec
			datagrams [][]byte
		}{
			{nil, [][]byte{ack(1, 0), ack(2, unix.ENODEV)}},
			{&prev, [][]byte{ack(1, 0), ack(2, unix.ENODEV), ack(3, unix.ENODEV)}},
			{nil, [][]byte{ack(1, unix.ENODEV), ack(2, unix.ENODEV)}},
		} {
			c := NewConn(ns)
			pretend(t, c, tt.datagrams...)
			_, err := c.Apply(lease(link, first), tt.prev)
			wantError(t, err, ErrGone)
			c.Close()
		}
		if !closed {
			c := NewConn(ns) // this one asks the kernel
			_, err := c.Apply(lease(link, first), nil)
			wantError(t, err, ErrGone)
			c.Close()
			must(t, ns.Close())
		}
	}
}

// The link goes between the look at it and the request.
func TestLinkEndsAfterTheLook(t *testing.T) {
	lan, link := onVeth(t)
	c := on(t, link)
	must(t, c.Check(link.Index, link.MAC))
	lan.Host.Run("ip", "link", "del", link.Peer)
	s := lease(link, first)
	s.MTU = 1400
	_, err := c.Apply(s, nil)
	wantError(t, err, ErrGone)
}
