// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// Sighting says that a bridge has heard a locally administered MAC on a port, where it has not
// heard the MAC last.
type Sighting struct {
	MAC          net.HardwareAddr
	Port, Bridge int // by ifindex
}

// Sightings reports what the host's bridges learn of locally administered MACs: so a container's
// MAC shows that comes in from the LAN, too. It is one socket for all bridges, and costs no frame
// anything. A macvlan's parent learns nothing. leased wakes up for a container's first frame, and
// for machines of the LAN with a made-up MAC: phones, other hosts' containers.
type Sightings struct {
	sock *os.File // waits in the runtime's poller, so that Close ends a Read
	ns   *netns.NS
	buf  [4096]byte
}

// WatchSightings begins to listen in the caller's network namespace, or in ns if it is not nil.
// Close it.
func WatchSightings(ns *netns.NS) (*Sightings, error) {
	fd := -1
	err := netns.OrOwn(ns).Do(func() (err error) {
		fd, err = rtnetlink.Socket(unix.RTMGRP_NEIGH)
		return err
	})
	if err == nil {
		if err = filterSightings(fd); err != nil {
			unix.Close(fd)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("watch the MACs of bridges: %w", err)
	}
	return &Sightings{sock: os.NewFile(uintptr(fd), "rtnetlink"), ns: ns}, nil
}

// Where a message about a bridge's entry has its parts: struct nlmsghdr, struct ndmsg, NDA_LLADDR
// (fdb_fill_info in net/bridge/br_fdb.c).
const (
	offType, offFamily, offMAC = 4, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr + sizeofNdMsg + unix.SizeofRtAttr
	sizeofNdMsg                = 12
	localMAC                   = 2 // in the first byte: locally administered
)

// filterSightings keeps the host's other neighbours away, which would wake leased all the time.
func filterSightings(fd int) error {
	isNew := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.RTM_NEWNEIGH))
	return attach(fd, []bpf.Instruction{
		bpf.LoadAbsolute{Off: offType, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(isNew), SkipTrue: 5},
		bpf.LoadAbsolute{Off: offFamily, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.AF_BRIDGE, SkipTrue: 3},
		bpf.LoadAbsolute{Off: offMAC, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: localMAC, SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	})
}

// Next waits for sightings. It fails with os.ErrClosed after Close. What the kernel could not
// keep is lost.
func (s *Sightings) Next() (all []Sighting, err error) {
	for len(all) == 0 {
		n, err := s.sock.Read(s.buf[:])
		switch {
		case errors.Is(err, unix.ENOBUFS):
			continue
		case errors.Is(err, os.ErrClosed):
			return nil, os.ErrClosed
		case err != nil:
			return nil, fmt.Errorf("watch the MACs of bridges: %w", err)
		}
		for m := range rtnetlink.Messages(s.buf[:n]) {
			if is, ok := parseSighting(m); ok {
				all = append(all, is)
			}
		}
	}
	return all, nil
}

func parseSighting(m rtnetlink.Message) (s Sighting, ok bool) {
	if m.Type != unix.RTM_NEWNEIGH || len(m.Body) < sizeofNdMsg || m.Body[0] != unix.AF_BRIDGE {
		return s, false
	}
	s.Port = int(int32(binary.NativeEndian.Uint32(m.Body[4:])))
	for kind, value := range rtnetlink.Attrs(m.Body[sizeofNdMsg:]) {
		switch kind {
		case unix.NDA_LLADDR:
			s.MAC = append(net.HardwareAddr(nil), value...)
		case unix.NDA_MASTER:
			s.Bridge = int(rtnetlink.Number(value))
		}
	}
	return s, len(s.MAC) == 6 && s.Bridge > 0
}

// From names the port and the bridge of a sighting. uplink says that the port is no end of a link
// that leased has made; then alone there is a bridge.
func (s *Sightings) From(is Sighting) (port, bridge string, uplink bool, err error) {
	c, err := netns.OrOwn(s.ns).Rtnetlink()
	if err != nil {
		return "", "", false, err
	}
	defer c.Close()
	on, err := c.LinkByIndex(is.Port)
	if err != nil {
		return "", "", false, fmt.Errorf("find interface %d: %w", is.Port, err)
	}
	if isMade(on.Alias) {
		return on.Name, "", false, nil
	}
	of, err := c.LinkByIndex(is.Bridge)
	if err != nil {
		return "", "", false, fmt.Errorf("find interface %d: %w", is.Bridge, err)
	}
	return on.Name, of.Name, true, nil
}

// isMade reports whether leased gives its links such an alias; see wanted.Signs and kernel.StandIn4.
func isMade(alias string) bool {
	return strings.HasPrefix(alias, "net-dhcp: ") || strings.HasPrefix(alias, "leased's own")
}

// Close makes Next return.
func (s *Sightings) Close() { s.sock.Close() }
