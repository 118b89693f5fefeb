// SPDX-License-Identifier: Apache-2.0

package main

import "runtime"

// memfdCreate gives the number of memfd_create(2). Package syscall lacks it on older machines.
func memfdCreate() uintptr {
	switch runtime.GOARCH {
	case "amd64":
		return 319
	case "386":
		return 356
	case "arm":
		return 385
	case "ppc64", "ppc64le":
		return 360
	case "s390x":
		return 350
	case "mips", "mipsle":
		return 4354
	case "mips64", "mips64le":
		return 5314
	}
	return 279 // asm-generic: arm64, riscv64, loong64
}
