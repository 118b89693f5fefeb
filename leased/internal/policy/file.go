// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func readFile(path string) ([]Line, error) {
	// A FIFO without a writer does not block.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w; leased reads it as the user leased; try: chmod o+r %s", err, path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := check(path, stampOf(path, &st), unix.S_IFREG); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxFile)
	}
	return Parse(path, string(text))
}

// check refuses what others than root can change.
func check(path string, s stamp, kind uint32) error {
	switch {
	case s.err != nil:
		return &fs.PathError{Op: "look at", Path: path, Err: s.err}
	case s.mode&unix.S_IFMT != kind && kind == unix.S_IFDIR:
		return fmt.Errorf("%s: not a directory", path)
	case s.mode&unix.S_IFMT != kind:
		return fmt.Errorf("%s: not a regular file", path)
	case s.uid != 0:
		return fmt.Errorf("%s: belongs to uid %d and not to root; try: chown root %s", path, s.uid, path)
	case s.mode&0o022 != 0:
		return fmt.Errorf("%s: others than root can write it (mode %04o); try: chmod go-w %s", path, s.mode&0o7777, path)
	}
	return nil
}

func look(path string) stamp {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return stamp{path: path, err: err}
	}
	return stampOf(path, &st)
}

func stampOf(path string, st *unix.Stat_t) stamp {
	return stamp{
		path: path, dev: uint64(st.Dev), ino: st.Ino, size: st.Size, mode: st.Mode, uid: st.Uid, mtime: st.Mtim, ctime: st.Ctim,
	}
}

// granule is more than a file system's step of time: within it a second change shows in no
// stamp.
const granule = time.Second

// young reports whether the file may change once more without another stamp.
func (s stamp) young() bool {
	return s.err == nil && time.Since(time.Unix(s.ctime.Unix())) < granule
}
