// SPDX-License-Identifier: Apache-2.0

package rtnetlink_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
	"podman-net-dhcp/lab/testlan"
)

func TestSocketHearsTheKernelAlone(t *testing.T) {
	testlan.NoLeaks(t)
	lan := testlan.New(t)
	ns := lan.Container().Open()
	open := func() (fd int) {
		must(t, ns.Do(func() (err error) { fd, err = rtnetlink.Socket(0); return err }))
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	fd, other := open(), open()
	must(t, ns.Close())

	me, err := unix.Getsockname(fd)
	must(t, err)
	if err := unix.Sendto(other, make([]byte, unix.SizeofNlMsghdr), 0, me); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("a process in the namespace sends: %v", err)
	}
	buf := make([]byte, 100)
	if n, err := unix.Read(fd, buf); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	bad := []byte{16, 0, 0, 0, 0xff, 0xff, unix.NLM_F_REQUEST, 0, 7, 0, 0, 0, 0, 0, 0, 0}
	_, err = unix.Write(fd, bad)
	must(t, err)
	if n, err := unix.Read(fd, buf); err != nil || n < 20 || buf[8] != 7 {
		t.Errorf("the kernel's answer has %d bytes, %v", n, err)
	}
}

func TestRtnetlinkInAClosedNamespace(t *testing.T) {
	ns := testlan.New(t).Container().Open()
	must(t, ns.Close())
	if c, err := ns.Rtnetlink(); c != nil || err == nil {
		t.Errorf("%v, %v", c, err)
	}
}
