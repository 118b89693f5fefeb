// SPDX-License-Identifier: Apache-2.0

package main

import (
	"syscall"
	"unsafe"
)

// This file has the system calls that package syscall lacks.

// ignore has the kernel drop a signal, in the full program too. os/signal would bring in package os.
func ignore(signal syscall.Signal) {
	// The kernel's struct sigaction; its other fields are zero.
	action := [4]uint64{1} // SIG_IGN
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
}

// memory makes a file that is in memory alone (memfd_create(2)).
func memory() (fd int, err error) {
	name := [...]byte{'d', 'o', 'c', 'u', 'm', 'e', 'n', 't', 0}
	const closeOnExec = 1
	n, _, errno := syscall.RawSyscall(memfdCreate(), uintptr(unsafe.Pointer(&name)), closeOnExec, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
