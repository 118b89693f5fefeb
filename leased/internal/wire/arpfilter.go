// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// arpFilter lets in the packets that claim.parse takes and no others, so that only a
// flood of conflicts can fill the socket's buffer.
func arpFilter(c claim) []bpf.Instruction {
	probe := require([]field{{word(offSPA), 0}, {half(offOp), arpRequest}, {word(offTPA), c.addr}})
	prog := append(fromOthers(c.mac), word(offSPA), bpf.JumpIf{Cond: bpf.JumpEqual, Val: c.addr, SkipTrue: uint8(len(probe))})
	return append(append(prog, probe...), bpf.RetConstant{Val: 1<<32 - 1})
}

// arpFilterAll lets in the packets that claim.parse takes for some address.
func arpFilterAll(mac [macLen]byte) []bpf.Instruction {
	return append(fromOthers(mac), bpf.RetConstant{Val: 1<<32 - 1})
}

// fromOthers drops the packets that are about no address of another host. The socket's
// protocol makes sure that they are ARP. Frames of a VLAN go to another host, in the
// kernel's view.
func fromOthers(mac [macLen]byte) (prog []bpf.Instruction) {
	prog = append(prog, bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: unix.PACKET_OTHERHOST, SkipTrue: 1}, bpf.RetConstant{Val: 0},
		bpf.LoadAbsolute{Off: offTPA, Size: 4}) // drops packets that are too short
	prog = append(prog, require([]field{{word(offKind), arpKind}, {half(offSizes), arpSizes}})...)
	prog = append(prog, half(offOp),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arpRequest, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arpReply, SkipTrue: 1}, bpf.RetConstant{Val: 0})
	prog = append(prog, bpf.LoadAbsolute{Off: offSender, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 1, SkipTrue: 1}, bpf.RetConstant{Val: 0}) // multicast
	return append(append(prog, notFrom(mac)...), notFrom([macLen]byte{})...)
}

// notFrom drops the packets that mac has sent.
func notFrom(mac [macLen]byte) []bpf.Instruction {
	return []bpf.Instruction{
		word(offSender),
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: binary.BigEndian.Uint32(mac[:]), SkipTrue: 3},
		half(offSender + 4),
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(binary.BigEndian.Uint16(mac[4:])), SkipTrue: 1},
		bpf.RetConstant{Val: 0},
	}
}

func word(off uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: off, Size: 4} }

func half(off uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: off, Size: 2} }
