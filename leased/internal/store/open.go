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

// Open makes the directory where it is missing, locks it against a second leased,
// and clears away what a crash left half written.
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
	s.disk = inDir{s.root, s.lock}
	s.clear()
	return s, nil
}

// OpenDurable opens a store whose Save returns when the record outlives a power
// failure. That takes milliseconds on a good disk and seconds on a bad one: it is
// no step of a container's start.
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

// syncParent has a directory that was just made outlive a power failure, too.
func syncParent(dir string) error {
	parent, err := os.Open(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// take makes the directory ours, or says why it is not to be.
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

// private refuses a directory that somebody else writes to: who writes a record
// says what leased does as root in which netns. It is the directory that was
// opened that counts: a symlink on the way to it is the administrator's choice.
func private(dir string, info os.FileInfo) error {
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return fmt.Errorf("the state directory %s belongs to user %d; run leased as that user, or with another than %s", dir, owner, dir)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("the state directory %s can be written by others (mode %04o); run: chmod 0700 %s", dir, mode, dir)
	}
	return nil
}

// clear removes what a crash left. What cannot be removed is in nobody's way: it is
// never read.
func (s *Store) clear() {
	_ = s.walk(isPart, func(name string) { _ = s.root.Remove(name) })
}

// Close gives the directory free for another leased.
func (s *Store) Close() error { return errors.Join(s.lock.Close(), s.root.Close()) }
