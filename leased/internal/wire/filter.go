// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// field is one comparison of a filter. Absolute offsets count from the packet's
// first byte, indirect ones from the end of the IP header, in register X.
type field struct {
	load bpf.Instruction
	want uint32
}

// filter lets only replies to this client's transaction into the socket's buffer, so
// that no flood can fill the buffer or wake us. parse checks the same again, and more.
func filter(m match) []bpf.Instruction {
	prog := []bpf.Instruction{
		bpf.LoadAbsolute{Off: 6, Size: 2}, // fragments: no ports in any but the first
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: moreOrOff, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.LoadMemShift{Off: 0}, // X = length of the IP header (BPF_MSH)
	}
	return append(append(prog, require(fields(m))...), bpf.RetConstant{Val: 1<<32 - 1})
}

// require drops a packet that differs in any field, or is too short to have it.
func require(fields []field) (prog []bpf.Instruction) {
	for _, f := range fields {
		prog = append(prog, f.load, bpf.JumpIf{Cond: bpf.JumpEqual, Val: f.want, SkipTrue: 1}, bpf.RetConstant{Val: 0})
	}
	return prog
}

func fields(m match) []field {
	const bootp = udpLen // after the IP header
	return []field{
		{bpf.LoadAbsolute{Off: 9, Size: 1}, protoUDP},
		{bpf.LoadIndirect{Off: 2, Size: 2}, clientPort},
		{bpf.LoadIndirect{Off: bootp, Size: 1}, bootReply},
		{bpf.LoadIndirect{Off: bootp + offXID, Size: 4}, m.xid},
		{bpf.LoadIndirect{Off: bootp + offChaddr, Size: 4}, binary.BigEndian.Uint32(m.mac[:])},
		{bpf.LoadIndirect{Off: bootp + offChaddr + 4, Size: 2}, uint32(binary.BigEndian.Uint16(m.mac[4:]))},
		{bpf.LoadIndirect{Off: bootp + offCookie, Size: 4}, cookie},
	}
}

// attach puts prog onto the socket in place of the old filter, atomically.
func attach(fd int, prog []bpf.Instruction) error {
	raw, err := bpf.Assemble(prog)
	if err != nil {
		return fmt.Errorf("assemble filter: %w", err)
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{
		Len: uint16(len(raw)),
		// Both structs are the kernel's struct sock_filter.
		Filter: (*unix.SockFilter)(unsafe.Pointer(&raw[0])),
	})
}
