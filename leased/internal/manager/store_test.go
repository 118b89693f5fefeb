// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"sync"

	"podman-net-dhcp/leased/internal/record"
)

// memory is a Store.
type memory struct {
	mu      sync.Mutex
	records map[string][]byte
	aside   [][]byte
	writes  int           // Saves and Deletes that were done
	fail    error         // of Save and Delete
	hold    chan struct{} // nil, or what Save waits for
	slow    string        // the key whose Save does; "": each
}

func newStore() *memory { return &memory{records: map[string][]byte{}} }

func (s *memory) Save(key string, record any) error {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil && (s.slow == "" || s.slow == key) {
		<-hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	b, err := json.Marshal(record)
	s.records[key] = b
	s.writes++
	return err
}

func (s *memory) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	delete(s.records, key)
	s.writes++
	return nil
}

func (s *memory) wrote() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

func (s *memory) Load(each func(record []byte) error, but ...string) (absent []string, err error) {
	s.mu.Lock()
	all := maps.Clone(s.records)
	s.mu.Unlock()
	for _, key := range but {
		if _, ok := all[key]; !ok {
			absent = append(absent, key)
		}
		delete(all, key)
	}
	var bad []error
	for key, b := range all {
		if err := each(b); err != nil {
			s.mu.Lock()
			delete(s.records, key)
			s.aside = append(s.aside, b)
			s.mu.Unlock()
			bad = append(bad, err)
		}
	}
	return absent, errors.Join(bad...)
}

// clone is what a killed leased leaves.
func (s *memory) clone() *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := newStore()
	maps.Copy(c.records, s.records)
	return c
}

// len is the number of records, without the memos of leases that have ended.
func (s *memory) len() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.records {
		if !bytes.Contains(b, []byte(`"former":true`)) {
			n++
		}
	}
	return n
}

// change changes the one record there is.
func (s *memory) change(f func(r *record.Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, b := range s.records {
		var r record.Record
		if err := json.Unmarshal(b, &r); err != nil {
			panic(err)
		}
		f(&r)
		s.records[key], _ = json.Marshal(r)
	}
}

// newer makes the one record there is one of a later version.
func (s *memory) newer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, b := range s.records {
		s.records[key] = bytes.Replace(b, []byte(`"version":1`), []byte(`"version":2`), 1)
	}
}

// overlay is the JSON object b with the members of the object over; where over is none,
// over itself.
func overlay(b, over []byte) []byte {
	var all, more map[string]json.RawMessage
	if json.Unmarshal(b, &all) != nil || json.Unmarshal(over, &more) != nil {
		return over
	}
	maps.Copy(all, more)
	out, _ := json.Marshal(all)
	return out
}

func (s *memory) failing(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}
