// SPDX-License-Identifier: Apache-2.0

// Package store is step 10 of the way of a lease: the state of record, one JSON file per
// lease, with a checksum. A file is replaced by rename and never rewritten in place, so
// a reader sees the old file or the new one. In /run there is no fsync: if the host
// dies, so do the containers' namespaces. State that must survive a reboot is in a store
// that OpenDurable opens.
package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"podman-net-dhcp/leased/internal/failpoint"
)

const (
	// DefaultDir holds the live leases.
	DefaultDir = "/run/leased/leases"
	// DefaultMemoryDir holds the leases that INIT-REBOOT (RFC 2131 §3.2) asks for after
	// a reboot of the host.
	DefaultMemoryDir = "/var/lib/leased/leases"
)

// Store is a directory of records. Its methods may be called concurrently, for the same
// key too; Load comes before all others.
type Store struct {
	root    *os.Root // the locked directory, even if its path changes
	lock    *os.File
	disk    disk
	durable bool
	parts   atomic.Uint64 // numbers the files being written: each Save has its own
}

// Save writes the record of key. Only a digest of key reaches the file's name. After an
// error the old record, if there is one, is unchanged. The exception: if a durable store
// could not sync its directory, it may be the old or the new one.
func (s *Store) Save(key string, record any) error {
	b, err := encode(record)
	if err != nil {
		return fmt.Errorf("encode a lease: %w", err)
	}
	name := fileName(key)
	b = seal(name, b)
	if len(b) > maxFile {
		return fmt.Errorf("write a lease: %d bytes are more than Load reads", len(b))
	}
	if err := s.replace(name, b); err != nil {
		return fmt.Errorf("write a lease in %s: %w", s.root.Name(), err)
	}
	return nil
}

// encode is json.Marshal, which would check and copy once more the JSON that a record makes of
// itself.
func encode(record any) ([]byte, error) {
	if m, ok := record.(json.Marshaler); ok {
		return m.MarshalJSON()
	}
	return json.Marshal(record)
}

func (s *Store) replace(name string, b []byte) error {
	part := fmt.Sprintf("%s.%d%s", name, s.parts.Add(1), temporary)
	err := s.write(part, b)
	failpoint.At(failpoint.MidRename)
	if err == nil {
		err = s.disk.Rename(part, name)
	}
	if err != nil {
		_ = s.disk.Remove(part) // a full disk leaves a part of the file
		return err
	}
	failpoint.At(failpoint.AfterWrite)
	if s.durable {
		return s.disk.SyncDir()
	}
	return nil
}

func (s *Store) write(part string, b []byte) error {
	f, err := s.disk.Create(part)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil && s.durable {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Delete removes the record of key; a missing record is not an error. The removal is not
// synced: a record that a power failure brings back costs INIT-REBOOT a NAK.
func (s *Store) Delete(key string) error {
	if err := s.disk.Remove(fileName(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete a lease in %s: %w", s.root.Name(), err)
	}
	return nil
}

func fileName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + suffix
}
