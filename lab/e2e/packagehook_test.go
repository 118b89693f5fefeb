// SPDX-License-Identifier: Apache-2.0

//go:build lab && packages

package e2e

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// listening is the inode of the socket on which systemd listens for leased.
func listening(t testing.TB) string {
	t.Helper()
	const accepts = "00010000" // __SO_ACCEPTCON
	text, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // Num RefCount Protocol Flags Type St Inode Path
		if len(f) == 8 && f[3] == accepts && f[7] == "/run/leased/leased.sock" && holds("1", f[6]) {
			return f[6]
		}
	}
	t.Fatal("systemd does not listen on leased's socket")
	return ""
}

// holds tells whether a process has a socket.
func holds(pid, inode string) bool {
	fds, _ := filepath.Glob("/proc/" + pid + "/fd/*")
	for _, fd := range fds {
		if to, _ := os.Readlink(fd); to == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}

// hookOrder watches the hook's JSON and its program go. With a JSON that names a missing
// program no container starts, and a start is too slow a probe to see that moment.
type hookOrder struct {
	*life
	fd int
}

const (
	hookDir = "/usr/libexec/oci/hooks.d"
	jsonDir = "/usr/share/containers/oci/hooks.d"
)

func watchHook(l *life) *hookOrder {
	l.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	for _, dir := range []string{hookDir, jsonDir} {
		if err == nil {
			_, err = unix.InotifyAddWatch(fd, dir, unix.IN_DELETE|unix.IN_MOVED_FROM|unix.IN_CREATE|unix.IN_MOVED_TO)
		}
	}
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { unix.Close(fd) })
	return &hookOrder{l, fd}
}

// programLast checks that the JSON has gone before the program, for good.
func (o *hookOrder) programLast() {
	o.Helper()
	buf := make([]byte, 64<<10)
	n, err := unix.Read(o.fd, buf)
	if err != nil {
		o.Fatalf("reading inotify's events: %v", err)
	}
	there := map[string]bool{"net-dhcp-create.json": true, "net-dhcp-poststop.json": true, "net-dhcp-hook": true}
	for buf = buf[:n]; len(buf) >= unix.SizeofInotifyEvent; {
		mask, size := binary.NativeEndian.Uint32(buf[4:]), binary.NativeEndian.Uint32(buf[12:])
		name := string(bytes.TrimRight(buf[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+size], "\x00"))
		there[name] = mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0
		buf = buf[unix.SizeofInotifyEvent+size:]
		for at, is := range there {
			if is && strings.HasSuffix(at, ".json") && !there["net-dhcp-hook"] {
				o.Errorf("%s is there, and the program it names is not", at)
			}
		}
	}
	for at, is := range there {
		if is {
			o.Errorf("%s is there after the removal", at)
		}
	}
}
