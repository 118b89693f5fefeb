// SPDX-License-Identifier: Apache-2.0

// net-dhcp is a network plugin for netavark: containers on a network of driver net-dhcp take their
// addresses from the LAN's DHCP server. It is steps 1 and 11 of the way of a lease.
//
// Podman starts this program for each container, so it is a pipe: the document goes from stdin to
// leased, and leased's answer to stdout, both unparsed. Everything unusual is left to the program in
// full/, which takes this one's place in the process: other verbs, a document or a netns that leased
// cannot get, an error, and a leased that is absent, old, restarted or slow.
//
// The program imports nothing that package syscall does not import. Package os alone would make its
// start a tenth of a millisecond slower.
package main

import "syscall"

func main() {
	args, err := arguments()
	if err != nil {
		syscall.Exit(fail("read the arguments: " + err.Error()))
	}
	syscall.Exit(run(args))
}

// run is the program. It returns the exit code.
func run(args []string) int {
	switch {
	case len(args) == 3 && args[1] == "setup":
		return setup(args)
	case len(args) == 3 && args[1] == "teardown":
		return teardown(args)
	}
	return become(args)
}

// arguments are the program's own name and its arguments.
func arguments() (args []string, err error) {
	fd, err := syscall.Open("/proc/self/cmdline", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	const enough = 8 << 20 // execve(2) takes less
	b, err := readAll(fd, make([]byte, 0, 1024), enough)
	for begin, i := 0, 0; i < len(b); i++ {
		if b[i] == 0 {
			args = append(args, string(b[begin:i]))
			begin = i + 1
		}
	}
	return args, err
}
