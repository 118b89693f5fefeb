// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// Taken says that a kernel has taken something of a router advertisement: a prefix, known or not,
// or a router or route that it did not have.
type Taken struct {
	Netns int    // the number of the network namespace, see netns.NS.ID
	Index int    // of the interface
	Mark  uint32 // of the prefix, router or route: the same for the same one
}

// Takings reports a part of what kernels take of router advertisements, in all network namespaces
// that have a number: one notice of takenShare, by chance. An advertisement wakes leased rarely,
// and of a flood enough is left. It is one socket for all namespaces, and pins none of them.
type Takings struct {
	sock *os.File // waits in the runtime's poller, so that Close ends a Next
	seed maphash.Seed
	buf  [4096]byte
	oob  [64]byte
}

// takenShare is a power of two.
const takenShare = 8

// WatchTakings begins to listen. It needs CAP_NET_BROADCAST. Close it.
func WatchTakings() (*Takings, error) { return watchTakings(takenShare) }

func watchTakings(share uint32) (*Takings, error) {
	fd, err := rtnetlink.Socket(1<<(unix.RTNLGRP_IPV6_ROUTE-1) | 1<<(unix.RTNLGRP_IPV6_PREFIX-1))
	if err != nil {
		return nil, fmt.Errorf("watch what containers take of routers: %w", err)
	}
	if err = attach(fd, takingsFilter(share)); err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_LISTEN_ALL_NSID, 1)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("watch what containers take of routers: %w", err)
	}
	return &Takings{sock: os.NewFile(uintptr(fd), "rtnetlink"), seed: maphash.MakeSeed()}, nil
}

// takingsFilter lets in prefixes, and new routes of routers: one of share. The other routes of
// containers wake nobody.
func takingsFilter(share uint32) []bpf.Instruction {
	const offProtocol = unix.SizeofNlMsghdr + 5 // rtm_protocol
	kind := func(n uint16) uint32 {
		return uint32(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, n)))
	}
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offType, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: kind(unix.RTM_NEWPREFIX), SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: kind(unix.RTM_NEWROUTE), SkipTrue: 5},
		bpf.LoadAbsolute{Off: offProtocol, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.RTPROT_RA, SkipTrue: 3},
		bpf.LoadExtension{Num: bpf.ExtRand},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: share - 1, SkipTrue: 1},
		bpf.RetConstant{Val: 1<<32 - 1},
		bpf.RetConstant{Val: 0},
	}
}

// Next waits for the next one. What the kernel could not keep is lost. It fails with os.ErrClosed
// after Close.
func (w *Takings) Next() (t Taken, err error) {
	raw, err := w.sock.SyscallConn()
	for err == nil {
		var n, oobn int
		var failed error
		err = raw.Read(func(fd uintptr) bool {
			n, oobn, _, _, failed = unix.Recvmsg(int(fd), w.buf[:], w.oob[:], 0)
			return failed != unix.EAGAIN
		})
		switch {
		case err != nil || failed == unix.ENOBUFS || failed == unix.EINTR:
		case failed != nil:
			return Taken{}, fmt.Errorf("watch what containers take of routers: %w", failed)
		default:
			if t, ok := w.parse(w.buf[:n], w.oob[:oobn]); ok {
				return t, nil
			}
		}
	}
	return Taken{}, os.ErrClosed // the poller has no other error
}

// parse reads a notice. One of the caller's own namespace has no number.
func (w *Takings) parse(datagram, oob []byte) (t Taken, ok bool) {
	controls, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(controls) != 1 || controls[0].Header.Type != unix.NETLINK_LISTEN_ALL_NSID || len(controls[0].Data) < 4 {
		return t, false
	}
	t.Netns = int(int32(rtnetlink.Number(controls[0].Data)))
	for m := range rtnetlink.Messages(datagram) {
		switch {
		case m.Type == unix.RTM_NEWPREFIX && len(m.Body) >= sizeofPrefixMsg:
			t.Index = int(int32(rtnetlink.Number(m.Body[4:])))
			ok = w.read(&t, m.Body[9], m.Body[sizeofPrefixMsg:])
			return t, ok
		case m.Type == unix.RTM_NEWROUTE && len(m.Body) >= unix.SizeofRtMsg:
			ok = w.read(&t, m.Body[1], m.Body[unix.SizeofRtMsg:])
			return t, ok
		}
	}
	return t, false
}

// sizeofPrefixMsg is that of struct prefixmsg in linux/rtnetlink.h.
const sizeofPrefixMsg = 12

// read reads the attributes of a prefix or route, of which length is the destination's, and reports
// whether they name an interface.
func (w *Takings) read(t *Taken, length byte, attrs []byte) bool {
	var h maphash.Hash
	h.SetSeed(w.seed)
	_ = h.WriteByte(length)
	for kind, value := range rtnetlink.Attrs(attrs) {
		switch kind {
		case unix.RTA_OIF:
			t.Index = int(int32(rtnetlink.Number(value)))
		case unix.RTA_DST, unix.RTA_GATEWAY: // RTA_DST is PREFIX_ADDRESS
			_, _ = h.Write(value)
		}
	}
	t.Mark = uint32(h.Sum64())
	return t.Index > 0
}

// Close makes Next return.
func (w *Takings) Close() { w.sock.Close() }
