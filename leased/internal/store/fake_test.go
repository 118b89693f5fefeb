// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"sync"
)

// op is one thing that is done to a directory.
type op struct {
	what     string // create, write, sync, close, rename, remove or syncdir
	name, to string
	text     []byte // written
}

// hooked is a disk, but for what before has to say: an error instead, or nothing
// for as long as it waits.
type hooked struct {
	disk
	before func(op) error
}

type hookedFile struct {
	file
	name string
	hooked
}

func (h hooked) Create(name string) (file, error) {
	if err := h.before(op{what: "create", name: name}); err != nil {
		return nil, err
	}
	f, err := h.disk.Create(name)
	return hookedFile{f, name, h}, err
}

func (h hooked) Rename(from, to string) error {
	if err := h.before(op{what: "rename", name: from, to: to}); err != nil {
		return err
	}
	return h.disk.Rename(from, to)
}

func (h hooked) Remove(name string) error {
	if err := h.before(op{what: "remove", name: name}); err != nil {
		return err
	}
	return h.disk.Remove(name)
}

func (h hooked) SyncDir() error {
	if err := h.before(op{what: "syncdir"}); err != nil {
		return err
	}
	return h.disk.SyncDir()
}

// Write writes the first half where it fails: a disk gets full in the middle.
func (f hookedFile) Write(b []byte) (int, error) {
	if err := f.before(op{what: "write", name: f.name, text: bytes.Clone(b)}); err != nil {
		n, _ := f.file.Write(b[:len(b)/2])
		return n, err
	}
	return f.file.Write(b)
}

func (f hookedFile) Sync() error {
	if err := f.before(op{what: "sync", name: f.name}); err != nil {
		return err
	}
	return f.file.Sync()
}

// Close closes in any case, as the kernel does.
func (f hookedFile) Close() error {
	if err := f.before(op{what: "close", name: f.name}); err != nil {
		f.file.Close()
		return err
	}
	return f.file.Close()
}

// recordOps has every operation on s from now on appended to what it returns.
func recordOps(s *Store) *[]op {
	var mu sync.Mutex
	ops := &[]op{}
	s.disk = hooked{s.disk, func(o op) error {
		mu.Lock()
		defer mu.Unlock()
		*ops = append(*ops, o)
		return nil
	}}
	return ops
}
