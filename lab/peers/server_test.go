// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"net/netip"
	"sync"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// reply is how a server answers.
type reply struct {
	name  string
	both  []edit   // of the OFFER and the ACK
	offer []edit   // of the OFFER, then
	ack   []edit   // of the ACK, then
	also  [][]edit // further ACKs before the ACK
	// refusal is a part of leased's error if leased refuses the reply.
	refusal string
	// why is the reason of ours to refuse what three of the four bind.
	why string
	// differs is the reason of ours not to have the router, the DNS servers or the names of three of the
	// four.
	differs string
}

// address is the one that the i-th reply gives, if it does not say another.
func address(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + i)}) }

// server answers a client's links, each as its reply says.
type server struct {
	replies []reply
	links   map[string]int // by MAC, the reply's index

	mu    sync.Mutex
	heard []asked // by reply
}

// asked counts the messages of one link that were answered. A second one of a kind says that the
// answer to the first was not taken.
type asked struct {
	discovers, requests int
	last                time.Time // of all
	news                time.Time // of the first two of a kind
}

func (s *server) answer(r testlan.Request) []testlan.Reply {
	i, ours := s.links[r.MAC.String()]
	if !ours || r.Msg == nil || len(r.Payload) < offCookie {
		return nil
	}
	switch c := s.replies[i]; byte(r.Msg.MessageType()) {
	case discover:
		s.note(i, func(a *asked) { a.discovers++ })
		return frames(r, made(offer, r, i, c.both, c.offer))
	case request:
		s.note(i, func(a *asked) { a.requests++ })
		var all []*message
		for _, more := range c.also {
			all = append(all, made(ack, r, i, more))
		}
		return frames(r, append(all, made(ack, r, i, c.both, c.ack))...)
	}
	return nil
}

func (s *server) note(i int, count func(a *asked)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &s.heard[i]
	before := min(a.discovers, 2) + min(a.requests, 2)
	count(a)
	a.last = time.Now()
	if min(a.discovers, 2)+min(a.requests, 2) > before {
		a.news = a.last
	}
}

// refused reports whether a link without an address has asked for the same again and had time to take
// the second answer, or asks no more.
func (s *server) refused(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.heard[i]
	return max(a.discovers, a.requests) > 1 && time.Since(a.news) > digestion || !a.last.IsZero() && time.Since(a.last) > silence
}

func made(kind byte, r testlan.Request, i int, edits ...[]edit) *message {
	m := plain(kind, r, address(i))
	for _, some := range edits {
		for _, e := range some {
			e(m)
		}
	}
	return m
}

func frames(r testlan.Request, all ...*message) (out []testlan.Reply) {
	for _, m := range all {
		out = append(out, testlan.Reply{Frame: m.sealed(r.MAC)})
	}
	return out
}
