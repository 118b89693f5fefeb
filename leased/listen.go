// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
)

// listen takes the socket that systemd made (sd_listen_fds(3)), or makes it.
func listen() (net.Listener, error) {
	l, err := passed()
	if l == nil && err == nil {
		return listenAt(leaseapi.Socket())
	}
	return l, err
}

func listenAt(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the socket's directory: %w", err)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("close the socket to others: %w", err)
	}
	return l, nil
}

// removeStale removes a socket that no process listens on.
func removeStale(path string) error {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("another process listens on %s, perhaps systemd; see: systemctl status leased.socket", path)
	case !errors.Is(err, unix.ECONNREFUSED):
		return nil // nothing there, or nothing of ours: Listen says what
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
		return err
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the stale socket: %w", err)
	}
	return nil
}
