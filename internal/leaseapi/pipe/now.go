// SPDX-License-Identifier: Apache-2.0

package pipe

import (
	"syscall"
	"unsafe"
)

// Now is the time, in nanoseconds of CLOCK_MONOTONIC, which all processes share. Package time would
// be slower to start than the whole call.
func Now() int64 {
	const monotonic = 1 // CLOCK_MONOTONIC
	var now syscall.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}
