// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// maxBatch bounds a batch, in bytes: about 20,000 ports. The kernel takes the memory only
// while it reads the batch.
const maxBatch = 8 << 20

// open opens a socket to nf_tables in the namespace, or in the caller's own.
func open(ns *netns.NS) (c *rtnetlink.Conn, err error) {
	err = netns.OrOwn(ns).Do(func() (err error) { c, err = dial(); return err })
	return c, err
}

func dial() (*rtnetlink.Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open netfilter socket: %w", err)
	}
	err = unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, maxBatch)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set up netfilter socket: %w", err)
	}
	return rtnetlink.New(fd), nil
}

// message is a message of a batch.
type message struct {
	kind, flags uint16 // NFT_MSG_…, NLM_F_…
	attrs       []rtnetlink.Attr
}

func add(kind uint16, attrs ...rtnetlink.Attr) message {
	return message{kind, unix.NLM_F_CREATE, attrs}
}

func del(kind uint16, attrs ...rtnetlink.Attr) message { return message{kind, 0, attrs} }

// send has the kernel carry out all messages in one transaction, or none of them. One
// write sends the batch, and its answers are there when the write returns.
func send(c *rtnetlink.Conn, batch ...message) error {
	const begin, end = 0x10, 0x11 // NFNL_MSG_BATCH_… of linux/netfilter/nfnetlink.h
	var r rtnetlink.Request
	r.Add(begin, 0, header(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES))
	for i, m := range batch {
		if i == len(batch)-1 {
			m.flags |= unix.NLM_F_ACK // an error needs no flag, and one success is that of all
		}
		r.Add(kindOf(m.kind), m.flags, header(unix.NFPROTO_NETDEV, 0), m.attrs...)
	}
	r.Add(end, 0, header(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES))
	answers := c.Do(r)
	for _, a := range answers {
		if a.Err != nil && !errors.Is(a.Err, rtnetlink.ErrUnanswered) {
			return a.Err
		}
	}
	return answers[len(batch)].Err
}

// ask asks for one object. It fails with ENOENT if there is no such object.
func ask(c *rtnetlink.Conn, kind uint16, attrs ...rtnetlink.Attr) error {
	var r rtnetlink.Request
	r.Add(kindOf(kind), 0, header(unix.NFPROTO_NETDEV, 0), attrs...)
	return c.Do(r)[0].Err
}

func kindOf(kind uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | kind }

// header returns a struct nfgenmsg.
func header(family uint8, resource uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{family, unix.NFNETLINK_V0}, resource)
}

// number returns an attribute with a number, which nf_tables has in network order.
func number(kind uint16, n uint32) rtnetlink.Attr {
	return rtnetlink.Attr{Type: kind, Value: binary.BigEndian.AppendUint32(nil, n)}
}
