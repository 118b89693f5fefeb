// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

// server6 is a DHCPv6 server that leases one address to each IAID, for an hour.
type server6 struct {
	mu      sync.Mutex
	mute    bool
	look    func(typ dhcp6.Type, msg []byte) // at what is heard; nil: nobody
	elsehow func(typ dhcp6.Type) []byte      // options of a REPLY other than it would send; nil: as it would
	pool    netip.Addr                       // the next address
	leases  map[uint32]netip.Addr
	heard   []string
	seen    int
	bad     error // of dhcp6test.Check
}

func newServer6() *server6 {
	return &server6{pool: netip.MustParseAddr("2001:db8::100"), leases: map[uint32]netip.Addr{}}
}

func (s *server6) hear(msg []byte, via string) [][]byte {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := dhcp6test.Check(msg); err != nil {
		s.bad = err
	}
	typ := dhcp6.Type(msg[0])
	if s.look != nil {
		s.look(typ, msg)
	}
	s.heard = append(s.heard, typ.String()+" by "+via)
	if s.mute {
		return nil
	}
	answer := byte(dhcp6test.Reply)
	if typ == dhcp6.Solicit {
		answer = dhcp6test.Advertise
	}
	opts := s.options(typ, msg)
	if s.elsehow != nil {
		if other := s.elsehow(typ); other != nil {
			opts = [][]byte{other}
		}
	}
	opts = append(opts, dhcp6test.OptAddr(23, "2001:db8::53"), dhcp6test.OptNames(24, "six.example"), dhcp6test.Opt(7, 255))
	return [][]byte{dhcp6test.Answer(msg, answer, []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, 1}, opts...).Bytes()}
}

// options needs the mutex.
func (s *server6) options(typ dhcp6.Type, msg []byte) [][]byte {
	ia := dhcp6test.Value(msg, 3)
	switch typ {
	case dhcp6.Confirm, dhcp6.Release, dhcp6.Decline:
		if typ == dhcp6.Decline {
			delete(s.leases, binary.BigEndian.Uint32(ia))
		}
		return [][]byte{dhcp6test.OptStatus(0, "")}
	case dhcp6.InformationRequest:
		return nil
	}
	iaid := binary.BigEndian.Uint32(ia)
	addr, ok := s.leases[iaid]
	if !ok {
		addr = s.pool
		s.pool = s.pool.Next()
		s.leases[iaid] = addr
	}
	return [][]byte{dhcp6test.OptIA(iaid, 1800, 2880, dhcp6test.OptIAAddr(addr.String(), 3600, 3600))}
}

func (s *server6) since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := slices.Clone(s.heard[s.seen:])
	s.seen = len(s.heard)
	return news
}

// grants6 has it give these addresses in place of others. Times are in seconds.
func (s *server6) grants6(t1, life uint32, addrs ...leaseapi.Address6) {
	var opts [][]byte
	for _, a := range addrs {
		opts = append(opts, dhcp6test.OptIAAddr(a.Address.Addr().String(), life, life))
	}
	ia := dhcp6test.OptIA(1, t1, max(t1, life/10*8), opts...)
	s.with(func(s *server6) { s.elsehow = func(dhcp6.Type) []byte { return ia } })
}

func (s *server6) with(change func(s *server6)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}
