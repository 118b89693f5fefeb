// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
)

// crowded listens on a socket with room for two callers, and accepts nobody.
func crowded(t *testing.T) (fd int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	t.Setenv("LEASED_SOCKET", path)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, 1)); err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestHundredsConnectAtOnce(t *testing.T) {
	fd := crowded(t)
	var callers sync.WaitGroup
	for range 300 {
		callers.Go(func() {
			c, err := leaseapi.Dial(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		})
	}
	for range 300 {
		conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		_ = unix.Close(conn)
	}
	callers.Wait()
}

func TestNoRoomUntilTheTimeIsOver(t *testing.T) {
	crowded(t)
	late := errors.New("late")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, late)
	defer cancel()
	for range 2 {
		c, err := leaseapi.Dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if c, err := leaseapi.Dial(ctx); !errors.Is(err, late) {
		t.Error(c, err)
	}
	if c, err := leaseapi.Dial(ctx); !errors.Is(err, late) { // nor does it connect afterwards
		t.Error(c, err)
	}
}
