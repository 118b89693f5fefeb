// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPassedSocketIsAUnixStreamThatListens(t *testing.T) {
	for name, tt := range map[string]struct {
		domain, kind int
		listen, ok   bool
	}{
		"unix stream":                {unix.AF_UNIX, unix.SOCK_STREAM, true, true},
		"unix stream, not listening": {unix.AF_UNIX, unix.SOCK_STREAM, false, false},
		"unix seqpacket":             {unix.AF_UNIX, unix.SOCK_SEQPACKET, true, false},
		"unix datagram":              {unix.AF_UNIX, unix.SOCK_DGRAM, false, false},
		"TCP":                        {unix.AF_INET, unix.SOCK_STREAM, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			fd, err := unix.Socket(tt.domain, tt.kind, 0) // inherited, as systemd passes it
			if err != nil {
				t.Fatal(err)
			}
			if tt.domain == unix.AF_UNIX {
				err = unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(t.TempDir(), "s")})
			}
			if err == nil && tt.listen {
				err = unix.Listen(fd, 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			l, err := listenOn(fd)
			if !tt.ok {
				unix.Close(fd)
				if !errors.Is(err, errPassed) || l != nil {
					t.Errorf("got %v, %v", l, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
				t.Errorf("the descriptor that children inherit is open: %v", err)
			}
		})
	}
}

func TestVariablesOfSystemd(t *testing.T) {
	me, other := strconv.Itoa(os.Getpid()), strconv.Itoa(os.Getpid()+1)
	for _, tt := range []struct {
		pid, fds string
		want     int
	}{
		{me, "1", 1},
		{me, "2", 2},
		{me, "0", 0},
		{me, "-1", 0},
		{me, "", 0},
		{me, "one", 0},
		{other, "1", 0},
		{"", "1", 0},
	} {
		t.Setenv("LISTEN_PID", tt.pid)
		t.Setenv("LISTEN_FDS", tt.fds)
		if got := passedTo(os.Getpid()); got != tt.want {
			t.Errorf("LISTEN_PID=%q LISTEN_FDS=%q: %d, want %d", tt.pid, tt.fds, got, tt.want)
		}
	}
}

func TestChildrenAreNotToldOfSystemdsSocket(t *testing.T) {
	names := []string{"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"}
	for _, name := range names {
		t.Setenv(name, "0")
	}
	if l, err := passed(); l != nil || err != nil {
		t.Errorf("got %v, %v", l, err)
	}
	for _, name := range names {
		if value, set := os.LookupEnv(name); set {
			t.Errorf("%s=%s is still set", name, value)
		}
	}
}
