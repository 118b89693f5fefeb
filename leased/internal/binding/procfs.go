// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"bytes"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// read is os.ReadFile for a file of /proc, into buf: such a file has no size, and os.ReadFile
// would read it in a dozen pieces. What is longer than buf is cut.
func read(path string, buf []byte) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	n := 0
	for n < len(buf) {
		more, err := unix.Read(fd, buf[n:])
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if more == 0 {
			break
		}
		n += more
	}
	return buf[:n], nil
}

// write is os.WriteFile without what a sysctl does not need: a third of the time.
func write(path, value string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		_, err = unix.Write(fd, []byte(value))
		unix.Close(fd)
	}
	if err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// maxCounters is enough for the counters of an interface: some 80 lines of 43 bytes.
const maxCounters = 8192

var counters = sync.Pool{New: func() any { return new([maxCounters]byte) }}

// advertised reports whether the interface has received a router advertisement. It asks the
// interface's counters, a file of always the same size. /proc/net/ipv6_route is as large as
// the container's routing tables, and takes the kernel minutes where they are large.
func (a Autoconf) advertised() bool {
	buf := counters.Get().(*[maxCounters]byte)
	defer counters.Put(buf)
	all, err := read("/proc/thread-self/net/dev_snmp6/"+a.Interface, buf[:])
	if err != nil {
		return false
	}
	_, after, _ := bytes.Cut(all, []byte("\nIcmp6InRouterAdvertisements"))
	n, _, _ := bytes.Cut(after, []byte("\n"))
	return string(bytes.TrimSpace(n)) != "0"
}
