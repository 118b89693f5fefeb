// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
)

// Request is a DHCP message to port 67 that the Server heard.
type Request struct {
	Frame    []byte // from the Ethernet header on
	MAC      net.HardwareAddr
	Src, Dst netip.Addr
	Payload  []byte
	Msg      *dhcpv4.DHCPv4 // nil where Payload is none
}

// Reply is a frame that the Server sends.
type Reply struct {
	Frame []byte        // Ethernet header and all; sent as it is
	After time.Duration // delay
}

// Server is a DHCP server that answers as a test decides. It lives on a raw socket of
// the router's bridge, beside the router's own IP stack. That stack answers ARP for
// RouterAddr, and unicast to port 67 with ICMP "port unreachable".
type Server struct {
	fd, ifindex int
	cancel      context.CancelFunc
	all         sync.WaitGroup

	mu       sync.Mutex
	requests []Request
	frames   [][]byte
	news     chan struct{}
}

// Server starts a server that calls answer for each request, one after the other.
func (l *LAN) Server(answer func(Request) []Reply) *Server {
	l.t.Helper()
	s := &Server{news: make(chan struct{})}
	l.Router.Do(func() (err error) {
		s.fd, s.ifindex, err = rawSocket(RouterLink)
		return err
	})
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	s.all.Go(func() { s.serve(ctx, answer) })
	l.t.Cleanup(s.Stop)
	return s
}

// rawSocket opens a socket that sees all frames of an interface in this thread's
// namespace. It wakes up from time to time, so that it can be stopped.
func rawSocket(name string) (fd, ifindex int, err error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return 0, 0, err
	}
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, err
	}
	wake := unix.Timeval{Usec: 20_000}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wake); err != nil {
		return 0, 0, err
	}
	all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
	sa := &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index}
	return fd, link.Index, unix.Bind(fd, sa)
}

// Stop ends the server, pending replies included.
func (s *Server) Stop() {
	s.cancel()
	s.all.Wait()
	if s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1
	}
}

func (s *Server) serve(ctx context.Context, answer func(Request) []Reply) {
	buf := make([]byte, 65536)
	for ctx.Err() == nil {
		n, from, err := unix.Recvfrom(s.fd, buf, 0)
		if ll, ok := from.(*unix.SockaddrLinklayer); err != nil || !ok || ll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		frame := slices.Clone(buf[:n])
		req, ok := parseRequest(frame)
		if s.note(frame, req, ok); !ok {
			continue
		}
		for _, r := range answer(req) {
			s.reply(ctx, r)
		}
	}
}

func (s *Server) note(frame []byte, req Request, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, frame)
	if ok {
		s.requests = append(s.requests, req)
		close(s.news)
		s.news = make(chan struct{})
	}
}

func (s *Server) reply(ctx context.Context, r Reply) {
	if r.After == 0 {
		s.Send(r.Frame)
		return
	}
	s.all.Go(func() {
		select {
		case <-time.After(r.After):
			s.Send(r.Frame)
		case <-ctx.Done():
		}
	})
}

// Send sends a frame, even without a request.
func (s *Server) Send(frame []byte) error {
	return unix.Sendto(s.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: s.ifindex})
}

// Wait waits for the n-th request, counted from 1, for up to 10 s.
func (s *Server) Wait(t testing.TB, n int) Request {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		have, news := s.requests, s.news
		s.mu.Unlock()
		if len(have) >= n {
			return have[n-1]
		}
		select {
		case <-news:
		case <-late:
			t.Fatalf("%d requests, want %d", len(have), n)
		}
	}
}

// Requests returns all requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Frames returns all frames so far, of any protocol.
func (s *Server) Frames() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.frames)
}
