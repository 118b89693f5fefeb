// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Open makes the directory if it is missing, locks it against a second leased, and
// removes files that a crash left half written.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the state directory: %w", err)
	}
	s := &Store{root: root}
	if err := s.take(); err != nil {
		s.Close()
		return nil, err
	}
	if s.disk, err = newInDir(s.root, s.lock); err != nil {
		s.Close()
		return nil, fmt.Errorf("open the state directory: %w", err)
	}
	s.clear()
	return s, nil
}

// OpenDurable opens a store whose Save returns only when the record survives a power
// failure. That takes milliseconds on a good disk and seconds on a bad one, so a
// container's start must not wait for it.
func OpenDurable(dir string) (*Store, error) {
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	s.durable = true
	if err := syncParent(dir); err != nil {
		s.Close()
		return nil, fmt.Errorf("sync the directory of %s: %w", dir, err)
	}
	return s, nil
}

// syncParent makes a directory that was just made survive a power failure, too.
func syncParent(dir string) error {
	parent, err := os.Open(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// take locks the directory for us, or returns why it must not be used.
func (s *Store) take() (err error) {
	if s.lock, err = s.root.Open("."); err != nil {
		return fmt.Errorf("open the state directory: %w", err)
	}
	info, err := s.lock.Stat()
	if err != nil {
		return fmt.Errorf("look at the state directory: %w", err)
	}
	if err := private(s.root.Name(), info); err != nil {
		return err
	}
	err = unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("lock %s: another leased is running: %w", s.root.Name(), err)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", s.root.Name(), err)
	}
	return nil
}

// private refuses a directory that another user can write to: a record decides what
// leased does as root in which netns. It checks the directory that was opened; a symlink
// on the path to it is the administrator's choice.
func private(dir string, info os.FileInfo) error {
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return fmt.Errorf("the state directory %s belongs to user %d; run leased as that user, or choose another directory", dir, owner)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("the state directory %s can be written by others (mode %04o); run: chmod 0700 %s", dir, mode, dir)
	}
	return nil
}

// clear removes the leftovers of a crash. A file that cannot be removed does no harm: it
// is never read.
func (s *Store) clear() {
	_ = s.walk(isPart, func(name string) { _ = s.root.Remove(name) })
}

// Close unlocks the directory for another leased.
func (s *Store) Close() error { return errors.Join(s.lock.Close(), s.root.Close()) }
