// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

func TestRtnetlinkHearsTheKernelAlone(t *testing.T) {
	testlan.NoLeaks(t)
	lan := testlan.New(t)
	ns := lan.Container().Open()
	fd, err := ns.Rtnetlink()
	must(t, err)
	defer unix.Close(fd)
	other, err := ns.Rtnetlink()
	must(t, err)
	defer unix.Close(other)
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

// 0 would be a descriptor of the process.
func TestRtnetlinkInAClosedNamespace(t *testing.T) {
	ns := testlan.New(t).Container().Open()
	must(t, ns.Close())
	if fd, err := ns.Rtnetlink(); fd != -1 || err == nil {
		t.Errorf("descriptor %d, %v", fd, err)
	}
}
