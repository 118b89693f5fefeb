// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// open opens the container's file for reading and writing.
func (j Job) open(p engine) (*os.File, error) {
	path := ""
	if j.File != nil {
		path = j.File.Path
	} else {
		var err error
		if path, err = p.file(j.ContainerID); err != nil {
			return nil, err
		}
	}
	if filepath.Base(path) != "resolv.conf" || isHosts(path) {
		return nil, notOurs("%s is not an engine's", path)
	}
	fd, st, err := p.walk(path)
	if isMissing(err) && j.File != nil {
		fd, st, err = p.elsewhere(*j.File)
	}
	if isMissing(err) {
		return nil, notOurs("%v", err)
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if j.File != nil && (uint64(st.Dev) != j.File.Device || st.Ino != j.File.Inode) {
		return nil, notOurs("another file is at %s", path)
	}
	f, err := reopen(fd, st, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return f, nil
}

// notOurs is an ErrForeign with its reason.
func notOurs(reason string, args ...any) error {
	return fmt.Errorf("%w: %v", ErrForeign, fmt.Errorf(reason, args...)) // no other kind of error
}

// isHosts reports whether a path is where the host keeps files of its own.
func isHosts(path string) bool {
	path = filepath.Clean(path)
	return !filepath.IsAbs(path) || strings.HasPrefix(path, "/etc/") || strings.HasPrefix(path, "/run/systemd/")
}

// isMissing reports whether an error says that there is no such file, or that a symlink is on
// the way to it.
func isMissing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP)
}
