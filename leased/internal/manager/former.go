// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net/netip"
	"sync"
	"time"

	"podman-net-dhcp/leased/internal/record"
)

// former are the addresses of a client whose leases have ended. The server may give them to
// anybody; the client asks for them again, and takes what it gets.
type former struct {
	four  netip.Addr
	six   []netip.Addr
	since time.Time // by the wall clock
}

// formers are the former addresses by client, see request.ClientKey. Its mutex may be taken
// under the Manager's, and no mutex is taken under it.
type formers struct {
	mu       sync.Mutex
	byClient map[string]former
}

// maxFormers bounds the table, and the memos on disk: a host may run containers under ever
// new names.
const maxFormers = 512

func newFormers() *formers { return &formers{byClient: map[string]former{}} }

// of returns the former addresses of a client.
func (s *formers) of(client string) (four netip.Addr, six []netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byClient[client]
	return f.four, f.six
}

// put notes the former addresses of a client. It returns the client that had to go for it,
// the one with the oldest; empty: none.
func (s *formers) put(client string, f former) (gone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byClient[client] = f
	if len(s.byClient) <= maxFormers {
		return ""
	}
	gone = client
	for other, o := range s.byClient {
		if o.since.Before(s.byClient[gone].since) {
			gone = other
		}
	}
	delete(s.byClient, gone)
	return gone
}

// Ended notes the former addresses of the client.
func (x *actor) Ended(memo record.Memo) { x.m.note(&memo) }

func (m *Manager) note(memo *record.Memo) {
	f := former{since: memo.Written}
	f.four, f.six = memo.Addrs()
	if gone := m.formers.put(memo.Request.ClientKey(), f); gone != "" {
		m.memory.Put(gone, nil)
	}
}

// remind takes up a memo whose leases have ended, unless that is long ago.
func (m *Manager) remind(memo *record.Memo, now time.Time) error {
	if now.Sub(memo.Written) > record.FormerFor {
		return m.cfg.Memory.Delete(memo.Request.ClientKey())
	}
	m.note(memo)
	return nil
}
