// SPDX-License-Identifier: Apache-2.0

package store

import (
	"io"
	"os"
)

// disk holds the operations of Save and Delete on the directory. Tests record them, make
// them fail and cut them off.
type disk interface {
	Create(name string) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	SyncDir() error
}

type file interface {
	io.WriteCloser
	Sync() error
}

// inDir is the real disk.
type inDir struct {
	*os.Root
	dir *os.File
}

func (d inDir) Create(name string) (file, error) {
	return d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (d inDir) SyncDir() error { return d.dir.Sync() }
