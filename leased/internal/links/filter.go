// SPDX-License-Identifier: Apache-2.0

package links

import (
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in a message: struct nlmsghdr, struct ifinfomsg, then the attributes.
const (
	typeOff, familyOff, indexOff, flagsOff, changeOff = 4, 16, 20, 24, 28
	attrsOff                                          = 32
)

// interest is what the filter lets through.
type interest struct {
	sound   []int // host interfaces and uplinks: that they go, are set down, or lose their carrier
	lost    []int // all about these: those without a LAN
	bridges []int // ports that leave these, or are set down, and NICs that join them
	absent  bool  // a host interface is not there: all about links that may be it
}

// maxLinks bounds the filter; a jump is of 255 at most. A host with more of them hears of all links.
const maxLinks = 100

// filter lets the interesting messages into the socket's buffer. A start of a container makes a
// dozen messages, and wakes leased with none of them.
func filter(i interest) []bpf.Instruction {
	pass, drop := bpf.RetConstant{Val: 1<<32 - 1}, bpf.RetConstant{Val: 0}
	if len(i.sound)+len(i.lost)+len(i.bridges) > maxLinks {
		return []bpf.Instruction{pass}
	}
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: indexOff, Size: 4}}
	for _, index := range i.lost {
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: native(uint32(index)), SkipTrue: 1}, pass)
	}
	for n, index := range i.sound {
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpEqual, Val: native(uint32(index)), SkipTrue: uint8(len(i.sound) - n)})
	}
	sound := []bpf.Instruction{
		bpf.LoadAbsolute{Off: typeOff, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: native16(unix.RTM_NEWLINK), SkipTrue: 3},
		bpf.LoadAbsolute{Off: flagsOff, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: native(unix.IFF_UP), SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: native(lowerUp), SkipTrue: 1},
		pass,
		drop,
	}
	prog = append(append(prog, bpf.Jump{Skip: uint32(len(sound))}), sound...)
	prog = append(prog,
		bpf.LoadAbsolute{Off: familyOff, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_BRIDGE, SkipFalse: 3},
		bpf.LoadAbsolute{Off: typeOff, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: native16(unix.RTM_DELLINK), SkipTrue: 4},
		drop,
		bpf.LoadAbsolute{Off: typeOff, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: native16(unix.RTM_NEWLINK), SkipTrue: 1},
		drop,
	)
	if i.absent {
		return append(prog, pass)
	}
	return append(append(prog, masterIs(i.bridges, drop)...), changes(pass, drop)...)
}

// changes is about a port of the bridges: it left, or was set down, or is a NIC that joined.
func changes(pass, drop bpf.Instruction) []bpf.Instruction {
	down := []bpf.Instruction{
		bpf.LoadAbsolute{Off: typeOff, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: native16(unix.RTM_DELLINK), SkipTrue: 1},
		pass,
		bpf.LoadAbsolute{Off: changeOff, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: native(unix.IFF_UP), SkipTrue: 3},
		bpf.LoadAbsolute{Off: flagsOff, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: native(unix.IFF_UP), SkipTrue: 1},
		pass,
	}
	// A NIC has no kind.
	joined := append(attribute(attrsOff, unix.IFLA_LINKINFO),
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0, SkipTrue: 1},
		pass,
		bpf.LoadConstant{Dst: bpf.RegX, Val: unix.IFLA_INFO_KIND},
		bpf.LoadExtension{Num: bpf.ExtNetlinkAttrNested},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0, SkipTrue: 1},
		pass,
		drop,
	)
	return append(down, joined...)
}

// masterIs drops a message whose link is no port of these bridges.
func masterIs(bridges []int, drop bpf.Instruction) []bpf.Instruction {
	prog := append(attribute(attrsOff, unix.IFLA_MASTER),
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0, SkipTrue: 1},
		drop,
		bpf.TAX{},
		bpf.LoadIndirect{Off: unix.SizeofRtAttr, Size: 4},
	)
	for i, index := range bridges {
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpEqual, Val: native(uint32(index)), SkipTrue: uint8(len(bridges) - i)})
	}
	return append(prog, drop)
}

func attribute(from, kind uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadConstant{Dst: bpf.RegA, Val: from}, bpf.LoadConstant{Dst: bpf.RegX, Val: kind}, bpf.LoadExtension{Num: bpf.ExtNetlinkAttr},
	}
}

// native is a number of the message as the filter loads it: as if it were big-endian.
func native(n uint32) uint32 {
	return binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, n))
}

func native16(n uint16) uint32 {
	return uint32(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, n)))
}

// attach puts a filter onto the socket in place of the one before.
func attach(sock *os.File, prog []bpf.Instruction) error {
	raw, err := bpf.Assemble(prog)
	if err != nil {
		return fmt.Errorf("assemble filter: %w", err)
	}
	conn, err := sock.SyscallConn()
	if err != nil {
		return err
	}
	lost := conn.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{
			Len: uint16(len(raw)),
			// Both structs are the kernel's struct sock_filter.
			Filter: (*unix.SockFilter)(unsafe.Pointer(&raw[0])),
		})
	})
	if lost != nil {
		return lost
	}
	return err
}
