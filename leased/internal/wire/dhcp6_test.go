// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

var local6 = netip.MustParseAddr("fe80::77")

// message6 is a DHCPv6 message of that type, with so many bytes behind its head.
func message6(kind byte, xid uint32, more int) []byte {
	m := binary.BigEndian.AppendUint32(nil, xid)
	m[0] = kind
	return append(m, bytes.Repeat([]byte{0xa5}, more)...)
}

// openDHCP6 gives the link the address and opens a socket that ends with the test,
// with the transaction xid unless that is 0.
func openDHCP6(t *testing.T, link testlan.Link, xid uint32) *DHCP6 {
	t.Helper()
	return openDHCP6At(t, link, local6, xid)
}

func openDHCP6At(t *testing.T, link testlan.Link, local netip.Addr, xid uint32) *DHCP6 {
	t.Helper()
	addLocal6(link, local)
	ns := link.NS.Open()
	defer ns.Close()
	d, err := OpenDHCP6(ns, link.Index, local)
	must(t, err)
	t.Cleanup(d.Close)
	if xid != 0 {
		must(t, d.SetXID(xid))
	}
	return d
}

// addLocal6 adds the address without a search for duplicates, which takes a second.
func addLocal6(link testlan.Link, local netip.Addr) {
	link.NS.Run("ip", "addr", "replace", local.String()+"/64", "dev", link.Name, "nodad")
}

func receive6(t *testing.T, d *DHCP6) ([]byte, Source) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	payload, from, err := d.Receive(ctx)
	must(t, err)
	return payload, from
}

func receiving6(ctx context.Context, d *DHCP6) <-chan received {
	out := make(chan received, 1)
	go func() {
		payload, _, err := d.Receive(ctx)
		out <- received{payload, err}
	}()
	return out
}

// server6 is the kernel's UDP on the router, where DHCPv6 servers are.
type server6 struct {
	t  *testing.T
	fd int
}

var serverAddr6 = netip.MustParseAddr("fe80::1")

func newServer6(t *testing.T, lan *testlan.LAN) server6 {
	t.Helper()
	lan.Router.Run("ip", "addr", "add", serverAddr6.String()+"/64", "dev", testlan.RouterLink, "nodad")
	s := server6{t: t}
	lan.Router.Do(func() (err error) {
		s.fd, err = listen6(serverPort6, allServers)
		return err
	})
	t.Cleanup(func() { unix.Close(s.fd) })
	return s
}

// listen6 listens on a port of the router, in a group.
func listen6(port int, group netip.Addr) (fd int, err error) {
	link, err := net.InterfaceByName(testlan.RouterLink)
	if err != nil {
		return 0, err
	}
	if fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return 0, err
	}
	join := unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(link.Index)}
	if err := unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &join); err != nil {
		return 0, err
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return 0, err
	}
	return fd, unix.Bind(fd, &unix.SockaddrInet6{Port: port})
}

// heard takes the next message, and who sent it.
func (s server6) heard() ([]byte, *unix.SockaddrInet6) {
	s.t.Helper()
	buf := make([]byte, 65536)
	n, from, err := unix.Recvfrom(s.fd, buf, 0)
	must(s.t, err)
	return buf[:n], from.(*unix.SockaddrInet6)
}

func (s server6) send(payload []byte, to *unix.SockaddrInet6) {
	s.t.Helper()
	must(s.t, s.try(payload, *to))
}

// try is send from another goroutine: the address is changed by being used.
func (s server6) try(payload []byte, to unix.SockaddrInet6) error {
	return unix.Sendto(s.fd, payload, 0, &to)
}

const xid6 = 0xabcdef

func TestDHCP6Exchange(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		s := newServer6(t, lan)
		d := openDHCP6(t, link, 0)
		for n, kind := range []byte{2, 7} {
			xid := xid6 - uint32(n)
			must(t, d.SetXID(xid))
			must(t, d.Send(message6(1, xid, 30)))
			asked, who := s.heard()
			if !bytes.Equal(asked, message6(1, xid, 30)) || who.Port != clientPort6 || who.Addr != local6.As16() {
				t.Errorf("the server heard %x from %v", asked, who)
			}
			s.send(message6(kind, xid, 50), who)
			payload, from := receive6(t, d)
			if !bytes.Equal(payload, message6(kind, xid, 50)) || from.IP != serverAddr6 || from.MAC != nil {
				t.Errorf("received %x from %v", payload, from)
			}
		}
	})
}

func TestDHCP6OnTheWire(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		d := openDHCP6(t, link, 0)
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		must(t, d.Send([]byte("solicit!")))
		head := append(append([]byte{0x33, 0x33, 0, 1, 0, 2}, link.MAC...), 0x86, 0xdd, 0x60)
		const label = 3 // bytes of the flow label, which the kernel makes up
		tail := append([]byte{0, 16, 17, 1}, local6.AsSlice()...)
		tail = append(tail, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 34, 2, 35, 0, 16)
		testlan.Eventually(t, "no class, one hop, from 546 to 547", func() bool {
			return slices.ContainsFunc(s.Frames(), func(f []byte) bool {
				return bytes.HasPrefix(f, head) && f[len(head)]>>4 == 0 && bytes.HasPrefix(f[len(head)+label:], tail) &&
					bytes.HasSuffix(f, []byte("solicit!"))
			})
		})
	})
}

// junk6 is all that comes to the port and is not for the transaction xid6.
var junk6 = map[string][]byte{
	"nothing":       {},
	"3 bytes":       {7, 0xab, 0xcd},
	"another xid":   message6(7, xid6^1, 9),
	"its high byte": message6(2, xid6^0x800000, 9),
	"SOLICIT":       message6(1, xid6, 9),
	"RECONFIGURE":   message6(10, xid6, 9),
	"RELAY-REPL":    message6(13, xid6, 9),
	"type 0":        message6(0, xid6, 9),
	"type 0x82":     message6(0x82, xid6, 9),
}

func TestDHCP6Filter(t *testing.T) {
	vm, err := bpf.NewVM(filter6(xid6))
	must(t, err)
	passes := func(payload []byte) bool {
		n, err := vm.Run(append(make([]byte, udpLen), payload...))
		return err == nil && n > 0
	}
	for name, m := range junk6 {
		if passes(m) || expected(m, xid6) {
			t.Errorf("%s: the filter lets it pass: %v, the check: %v", name, passes(m), expected(m, xid6))
		}
	}
	for _, m := range [][]byte{message6(2, xid6, 0), message6(7, xid6, 1000)} {
		if !passes(m) || !expected(m, xid6) {
			t.Errorf("%x: the filter lets it pass: %v, the check: %v", m, passes(m), expected(m, xid6))
		}
	}
}

// The filter is real: what is not ours does not get as far as the socket's buffer.
func TestDHCP6HearsOnlyItsTransaction(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		s := newServer6(t, lan)
		d := openDHCP6(t, link, xid6)
		must(t, d.Send(message6(1, xid6, 0)))
		_, who := s.heard()
		for range 5 {
			for _, m := range junk6 {
				s.send(m, who)
			}
		}
		good := message6(7, xid6, 77)
		s.send(good, who)
		testlan.Eventually(t, "all others are dropped", func() bool { return dropped6(link) == 5*len(junk6) })
		testlan.Eventually(t, "the first in the buffer is the one", func() bool { return pending(t, d) == len(good) })
		if payload, _ := receive6(t, d); !bytes.Equal(payload, good) {
			t.Errorf("received %x", payload)
		}
		if n := pending(t, d); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
	})
}

// dropped6 is how many datagrams came to a socket's port in vain.
func dropped6(link testlan.Link) (n int) {
	for line := range strings.Lines(link.NS.Run("cat", "/proc/self/net/snmp6")) {
		if count, ok := strings.CutPrefix(line, "Udp6InErrors"); ok {
			n, _ = strconv.Atoi(strings.TrimSpace(count))
		}
	}
	return n
}

// pending is the size of the first message in the buffer.
func pending(t *testing.T, d *DHCP6) (n int) {
	t.Helper()
	must(t, d.control(func(fd int) (err error) { n, err = unix.IoctlGetInt(fd, unix.SIOCINQ); return err }))
	return n
}

// Before SetXID nothing comes in, and SetXID forgets what came before.
func TestDHCP6Transactions(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	s := newServer6(t, lan)
	d := openDHCP6(t, link, 0)
	must(t, d.Send(nil))
	_, who := s.heard()
	s.send(message6(7, 0, 1), who)
	s.send(message6(7, xid6, 1), who)
	testlan.Eventually(t, "both are dropped", func() bool { return dropped6(link) == 2 })
	must(t, d.SetXID(xid6))
	s.send(message6(7, xid6, 2), who)
	testlan.Eventually(t, "it is in the buffer", func() bool { return pending(t, d) == 4+2 })
	must(t, d.SetXID(xid6)) // the same one: what is forgotten would still match
	s.send(message6(7, xid6, 3), who)
	if payload, _ := receive6(t, d); len(payload) != 4+3 {
		t.Errorf("received %x", payload)
	}
	if d.SetXID(1<<24) == nil {
		t.Error("took 25 bits")
	}
}

// Two seconds of what is not ours, at full speed, is no reason to miss what is.
func TestDHCP6InAFlood(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	s := newServer6(t, lan)
	d := openDHCP6(t, link, xid6)
	must(t, d.Send(nil))
	_, who := s.heard()
	before, over := arrived(t, link), make(chan struct{})
	defer func() { <-over }()
	go func() {
		defer close(over)
		for start := time.Now(); time.Since(start) < 2*time.Second; {
			for _, m := range junk6 {
				s.try(m, *who)
			}
		}
	}()
	testlan.Eventually(t, "the flood arrives", func() bool { return arrived(t, link)-before > 1000 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantError(t, within(t, receiving6(ctx, d)).err, context.DeadlineExceeded)
	got := receiving6(t.Context(), d)
	for len(got) == 0 { // a queue on the way may lose some
		s.try(message6(7, xid6, 9), *who)
		wantRunning(t, over)
	}
	must(t, (<-got).err)
}

// What is larger than the buffer is not taken for a shorter message.
func TestDHCP6DropsLargeMessages(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	s := newServer6(t, lan)
	d := openDHCP6(t, link, xid6)
	d.buf = d.buf[:100]
	must(t, d.Send(nil))
	_, who := s.heard()
	s.send(append(message6(7, xid6, 96), 1), who)
	s.send(append(message6(7, xid6, 90), 2), who)
	if payload, _ := receive6(t, d); len(payload) != 4+91 {
		t.Errorf("received %d bytes", len(payload))
	}
}
