// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

const (
	maxFile    = 1 << 20 // bytes; a larger file is not ours
	maxRecords = 16384   // far more than a host has containers
	maxAside   = 16      // files kept for an operator to look at, and errors reported
)

// Load calls each with every record except those whose key is in but. It returns the
// keys in but that have no record. A record that cannot be read, or that each refuses,
// is set aside under another name and costs only itself; the error says what was wrong
// with such records. If there are more than maxRecords, the oldest are removed and
// reported: containers that never came back left them.
func (s *Store) Load(each func(record []byte) error, but ...string) (absent []string, err error) {
	var bad faults
	bad.add(s.walk(isForeign, func(name string) {
		bad.add(s.setAside(name, errors.New("not a lease record")))
	}))
	names, removed, err := s.newest(isRecord, maxRecords, written)
	bad.add(err)
	if removed > 0 {
		bad.add(fmt.Errorf("%d records in %s are removed: only the newest %d are kept", removed, s.root.Name(), maxRecords))
	}
	passed := map[string]string{}
	for _, key := range but {
		passed[fileName(key)] = key
	}
	for _, name := range names {
		if _, pass := passed[name]; pass {
			delete(passed, name)
			continue
		}
		b, err := s.read(name)
		if err == nil {
			err = each(b)
		}
		if err != nil {
			bad.add(s.setAside(name, err))
		}
	}
	_, _, err = s.newest(isAside, maxAside, renamed)
	bad.add(err)
	return slices.Collect(maps.Values(passed)), bad.join()
}

// setAside renames a file that is not a usable record, and returns what it did and why.
func (s *Store) setAside(name string, why error) error {
	path := s.root.Name() + "/" + name
	if err := s.root.Rename(name, name+aside); err != nil {
		return fmt.Errorf("%s is left out: %w; set it aside: %w", path, why, err)
	}
	return fmt.Errorf("%s is set aside as %s: %w", path, name+aside, why)
}

// read returns the record in a file. It does not wait on a FIFO or a symlink to one,
// even if the file is replaced meanwhile.
func (s *Store) read(name string) ([]byte, error) {
	// os.Root would follow a symlink whatever the flags say.
	fd, err := unix.Openat(int(s.lock.Fd()), name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open it: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, errors.New("not a regular file of at most 1 MiB")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, err
	}
	return unseal(name, b)
}

// faults collects the errors of Load: some in full, the others counted.
type faults struct {
	told []error
	more int
}

func (f *faults) add(err error) {
	switch {
	case err == nil:
	case len(f.told) < maxAside:
		f.told = append(f.told, err)
	default:
		f.more++
	}
}

func (f *faults) join() error {
	if f.more > 0 {
		return errors.Join(append(f.told, fmt.Errorf("and %d more", f.more))...)
	}
	return errors.Join(f.told...)
}
