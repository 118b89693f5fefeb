// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"syscall"

	"podman-net-dhcp/internal/leaseapi/pipe"
)

// handOver lets the full program do the rest. It finds the document on its stdin, and two more
// arguments if leased was called: the descriptor of the connection, or -1, and the time of the call.
func handOver(args []string, document []byte, call *pipe.Call) int {
	if err := stdin(document); err != nil {
		return fail("hand over stdin: " + err.Error())
	}
	if call != nil {
		fd := int64(-1)
		if call.FD >= 0 {
			if copied, err := syscall.Dup(call.FD); err == nil { // without close-on-exec
				fd = int64(copied)
			}
		}
		args = append(args, decimal(fd), decimal(call.Begun))
	}
	return become(args)
}

// stdin makes a file of the document, and stdin of the file.
func stdin(document []byte) error {
	fd, err := memory()
	if err != nil {
		return err
	}
	if err := writeAll(fd, document); err != nil {
		return err
	}
	if _, err := syscall.Seek(fd, 0, 0); err != nil {
		return err
	}
	return syscall.Dup3(fd, 0, 0)
}

// become replaces this program by the full one, in the same process: pid, environment and
// descriptors stay. It returns only if that fails.
func become(args []string) int {
	self := make([]byte, syscall.PathMax)
	n, err := syscall.Readlink("/proc/self/exe", self)
	if err != nil {
		return fail("find the full program: " + err.Error())
	}
	dir := directory(string(self[:n]))
	installed := directory(dir) + "/leased/net-dhcp"
	for _, path := range []string{installed, dir + "/libexec/leased/net-dhcp"} { // the latter by make build
		args[0] = path
		err := syscall.Exec(path, args, syscall.Environ())
		if !errors.Is(err, syscall.ENOENT) {
			return fail("start " + path + ": " + err.Error())
		}
	}
	return fail("the program " + installed + " is missing; install the package again, or run make install")
}

// directory is the directory of a file.
func directory(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return path
}

func decimal(n int64) string {
	var digits [20]byte
	i := len(digits)
	for left := max(n, -n); left > 0 || i == len(digits); left /= 10 {
		i--
		digits[i] = byte('0' + left%10)
	}
	if n < 0 {
		return "-" + string(digits[i:])
	}
	return string(digits[i:])
}
