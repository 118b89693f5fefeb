// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/guard"
	"podman-net-dhcp/leased/internal/wire"
)

// BenchmarkStart is the container's side of a start, without servers: from the request to
// the DISCOVER, from an OFFER to the REQUEST, and the binding. Between two starts the
// process rests, as on a quiet host.
func BenchmarkStart(b *testing.B) {
	lan := testlan.New(b)
	link := lan.Veth(lan.Container(), "eth0")
	addr := netip.MustParsePrefix("192.0.2.77/24")
	var discover, request, bind []time.Duration
	for b.Loop() {
		wire.Flush()
		time.Sleep(2 * time.Millisecond)
		t := stopwatch{b, time.Now()}
		p, err := Linux{}.Find(askFor(link).Link, link.Name)
		t.must(err)
		p, err = Linux{}.Enter(p)
		t.must(err)
		conn, err := Linux{}.Packet(p)
		t.must(err)
		t.must(conn.SetXID(1))
		t.must(conn.Send(make([]byte, 300)))
		discover = append(discover, t.lap())
		go func() { _, _, _ = conn.Receive(b.Context()) }()
		arp, err := Linux{}.ARP(p)
		t.must(err)
		go func() { _, _ = arp.Receive(b.Context()) }()
		time.Sleep(300 * time.Microsecond)
		t.lap()
		t.must(arp.Probe(addr.Addr()))
		t.must(conn.Send(make([]byte, 300)))
		request = append(request, t.lap())
		t.must(arp.Watch(addr.Addr()))
		time.Sleep(300 * time.Microsecond)
		t.lap()
		s := binding.Spec{Ifindex: p.Index, Addr: addr, Valid: time.Hour}
		_, err = Linux{}.Apply4(p, s, nil)
		t.must(err)
		bind = append(bind, t.lap())
		t.must(Linux{}.Remove4(p, s))
		Linux{}.Leave(p)
		conn.Close()
		arp.Close()
	}
	for what, took := range map[string][]time.Duration{"DISCOVER": discover, "REQUEST": request, "bound": bind} {
		report(b, what, took)
	}
}

// BenchmarkReceive is the time from a frame on the wire to the work that it makes, which
// another goroutine does.
func BenchmarkReceive(b *testing.B) {
	lan := testlan.New(b)
	link := lan.Veth(lan.Container(), "eth0")
	p, err := Linux{}.Find(askFor(link).Link, link.Name)
	s := stopwatch{b: b}
	s.must(err)
	defer Linux{}.Leave(p)
	arp, err := Linux{}.ARP(p)
	s.must(err)
	defer arp.Close()
	addr := netip.MustParseAddr("192.0.2.77")
	s.must(arp.Watch(addr))
	worked, server := make(chan time.Duration), lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	go Receive(b.Context(), arp, arp.Receive, func(wire.Conflict, error) {
		go func() { worked <- s.lap() }()
	})
	frame := testlan.ARP{Op: 2, SHA: testlan.ServerMAC, SPA: addr, THA: link.MAC}.Frame(testlan.Broadcast)
	var took []time.Duration
	for b.Loop() {
		time.Sleep(2 * time.Millisecond)
		s.lap()
		s.must(server.Send(frame))
		took = append(took, <-worked)
	}
	report(b, "worked", took)
}

func report(b *testing.B, what string, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), what+"-p50-ns")
}

// stopwatch measures the steps of a start.
type stopwatch struct {
	b     *testing.B
	began time.Time
}

func (s *stopwatch) lap() time.Duration {
	took := time.Since(s.began)
	s.began = time.Now()
	return took
}

func (s *stopwatch) must(err error) {
	if err != nil {
		s.b.Fatal(err)
	}
}

// BenchmarkMake is making a container's link in a bridge, with and without a guard on its port,
// and what follows the answer of a start: the guard hears the address.
func BenchmarkMake(b *testing.B) {
	for _, guarded := range []bool{false, true} {
		b.Run(map[bool]string{false: "open", true: "guarded"}[guarded], func(b *testing.B) {
			lan := testlan.New(b)
			host, container := lan.Host.Open(), lan.Container()
			g := guard.New(host, slog.New(slog.DiscardHandler))
			defer g.Close()
			l, s := Linux{Host: host, Guard: g}, stopwatch{b: b}
			s.must(g.Add("lo", 1, net.HardwareAddr{2, 0, 0, 0, 7, 8})) // makes the table
			spec := attach.Spec{
				Host: testlan.HostBridge, Guard: guarded, Interface: "eth0", MAC: net.HardwareAddr{2, 0, 0, 0, 7, 7}, HostEnd: "vethnd123456789", Alias: "web",
			}
			var made, allowed []time.Duration
			for b.Loop() {
				f, err := os.Open(container.Path)
				s.must(err)
				p, err := l.Adopt(f, container.Path, spec.Interface)
				s.must(err)
				time.Sleep(2 * time.Millisecond)
				maker, err := l.Maker(spec)
				s.must(err)
				s.lap()
				p, err = maker.Make(b.Context(), p, nil)
				s.must(err)
				made = append(made, s.lap())
				s.must(l.Allow4(p.Use(spec.HostEnd, netip.MustParseAddr("192.0.2.77"))))
				allowed = append(allowed, s.lap())
				maker.Close()
				l.Unguard(p.Use(spec.HostEnd, netip.Addr{}))
				s.must(l.DeleteLink(p))
				l.Leave(p)
			}
			report(b, "made", made)
			report(b, "allowed", allowed)
		})
	}
}
