// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// maxListed is how many messages of one listing are read. An interface has a handful of
// addresses and of routers; a container with NET_ADMIN can give its own millions.
const maxListed = 4096

// list has the kernel list what the header and the attributes say and no more, and calls
// each with the body of every message; begin precedes each attempt. The listing has a
// socket of its own: one that ends early leaves answers in it. It fails with ErrTooMany.
func list(ns *netns.NS, kind uint16, header []byte, attrs []rtnetlink.Attr, begin func(), each func(body []byte)) (err error) {
	for range 3 { // a container that keeps changing its tables gets no more
		begin()
		if err = listOnce(ns, kind, header, attrs, each); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return err
}

func listOnce(ns *netns.NS, kind uint16, header []byte, attrs []rtnetlink.Attr, each func(body []byte)) error {
	c, err := netns.OrOwn(ns).Rtnetlink()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Strict(); err != nil {
		return err
	}
	n := 0
	return c.Dump(kind, header, func(body []byte) error {
		if n++; n > maxListed {
			return ErrTooMany
		}
		each(body)
		return nil
	}, attrs...)
}
