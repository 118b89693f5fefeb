// SPDX-License-Identifier: Apache-2.0

// Package store is step 10 of the way of a lease: the state of record, one JSON
// file a lease. A file is replaced by rename and never rewritten in place, so a
// reader sees the old one or the new one. There is no fsync: the directory is in
// /run, and if the host dies so do the containers' namespaces.
package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// DefaultDir is where live leases are.
const DefaultDir = "/run/leased/leases"

const (
	suffix    = ".json"
	aside     = ".bad"  // behind the name of a file that could not be read
	temporary = ".part" // behind the name of a file being written
	maxFile   = 1 << 20 // bytes; what is larger is none of ours
)

// Store is a directory of records.
type Store struct {
	dir  string
	lock *os.File
}

// Open makes the directory where it is missing, locks it against a second leased,
// and clears away what a crash left half written.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open the state directory: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("lock %s: another leased is running: %w", dir, err)
	}
	s := &Store{dir, lock}
	if err := s.clear(); err != nil {
		lock.Close()
		return nil, fmt.Errorf("clear the state directory: %w", err)
	}
	return s, nil
}

func (s *Store) clear() error {
	parts, err := s.files(temporary)
	for _, p := range parts {
		err = errors.Join(err, os.Remove(p))
	}
	return err
}

// files are those whose names end in suffix.
func (s *Store) files(suffix string) (paths []string, err error) {
	all, err := os.ReadDir(s.dir)
	for _, f := range all {
		if strings.HasSuffix(f.Name(), suffix) {
			paths = append(paths, filepath.Join(s.dir, f.Name()))
		}
	}
	return paths, err
}

// Close gives the directory free for another leased.
func (s *Store) Close() error { return s.lock.Close() }

// Save writes the record of key. No part of key reaches the file's name but by a
// digest.
func (s *Store) Save(key string, record any) error {
	b, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode a lease: %w", err)
	}
	path := s.path(key)
	if err := os.WriteFile(path+temporary, append(b, '\n'), 0o600); err != nil {
		_ = os.Remove(path + temporary) // a full disk leaves a beginning
		return fmt.Errorf("write a lease: %w", err)
	}
	if err := os.Rename(path+temporary, path); err != nil {
		return fmt.Errorf("write a lease: %w", err)
	}
	return nil
}

// Delete removes the record of key; having none is no error.
func (s *Store) Delete(key string) error {
	if err := os.Remove(s.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete a lease: %w", err)
	}
	return nil
}

// Load hands every record to each. One that cannot be read, or that each refuses,
// is set aside under another name and costs only itself; what was wrong with such
// records is the error.
func (s *Store) Load(each func(record []byte) error) error {
	files, err := s.files(suffix)
	bad := []error{err}
	for _, file := range files {
		b, err := read(file)
		if err == nil {
			err = each(b)
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("%s is set aside as %s: %w", file, filepath.Base(file)+aside, err),
				os.Rename(file, file+aside))
		}
	}
	return errors.Join(bad...)
}

func read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, errors.New("no regular file of at most 1 MiB")
	}
	return os.ReadFile(file)
}

func (s *Store) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:16])+suffix)
}
