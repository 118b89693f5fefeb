// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// start is a Setup of a container on the LAN's bridge.
func start(t *testing.T, m tested, container *testlan.NS, n int, options map[string]string) (*leaseapi.Lease, error) {
	t.Helper()
	all := map[string]string{"bridge": testlan.HostBridge, "mac": fmt.Sprintf("02:00:00:00:78:%02x", n), "release": "now"}
	maps.Copy(all, options)
	s, netns := ask(t, container, all)
	s.Wanted.Attachment.ContainerID = fmt.Sprint("id", n)
	var lease *leaseapi.Lease
	var told error
	_, err := m.Setup(context.Background(), s, netns(), func(_ net.HardwareAddr, l *leaseapi.Lease, err error) bool {
		lease, told = l, err
		return err == nil
	})
	return lease, errors.Join(err, told)
}

// serveIn answers each DHCP message that a container hears, as its LAN's only server would, until
// the test ends.
func serveIn(t *testing.T, container *testlan.NS, at netip.Addr) {
	t.Helper()
	var fd int
	container.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	})
	for _, option := range []int{unix.SO_BROADCAST, unix.SO_REUSEADDR} {
		must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1))
	}
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 20_000}))
	must(t, unix.Bind(fd, &unix.SockaddrInet4{Port: 67}))
	ended, stop := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-ended; unix.Close(fd) })
	go func() {
		defer close(ended)
		for buf := make([]byte, 2000); ; {
			select {
			case <-stop:
				return
			default:
			}
			n, _, err := unix.Recvfrom(fd, buf, 0)
			if err != nil {
				continue
			}
			if reply := rogueReply(buf[:n], at); reply != nil {
				_ = unix.Sendto(fd, reply, 0, &unix.SockaddrInet4{Port: 68, Addr: [4]byte{255, 255, 255, 255}})
			}
		}
	}()
}

func rogueReply(b []byte, server netip.Addr) []byte {
	m, err := dhcpv4.FromBytes(b)
	if err != nil {
		return nil
	}
	kind := map[dhcpv4.MessageType]dhcpv4.MessageType{
		dhcpv4.MessageTypeDiscover: dhcpv4.MessageTypeOffer, dhcpv4.MessageTypeRequest: dhcpv4.MessageTypeAck,
	}[m.MessageType()]
	reply, err := dhcpv4.NewReplyFromRequest(m, dhcpv4.WithMessageType(kind), dhcpv4.WithYourIP(net.IP{192, 0, 2, 66}),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(server.AsSlice())), dhcpv4.WithRouter(server.AsSlice()),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithLeaseTime(3600))
	if err != nil {
		return nil
	}
	return reply.ToBytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A container with a DHCP server in it: its siblings hear it only with guard=off.
func TestRogueServerInAContainer(t *testing.T) {
	t.Parallel()
	for _, guard := range []string{"on", "off"} {
		t.Run(guard, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			server := lan.Dnsmasq()
			rogue := lan.Container()
			m, _ := onHost(t, host(t, lan))
			lease, err := start(t, m, rogue, 1, map[string]string{"guard": guard})
			must(t, err)
			server.Stop()
			serveIn(t, rogue, lease.Address.Addr())
			got, err := start(t, m, lan.Container(), 2, map[string]string{"lease_timeout": "2s"})
			switch {
			case guard == "on" && err == nil:
				t.Errorf("the sibling has the rogue's lease: %+v", got)
			case guard == "off" && (err != nil || got.Server != lease.Address.Addr()):
				t.Errorf("a server on purpose is not heard: %+v, %v", got, err)
			}
		})
	}
}

// A router advertisement from a container gives the host a default route only with guard=off.
func TestRogueRouterInAContainer(t *testing.T) {
	t.Parallel()
	for _, guard := range []string{"on", "off"} {
		t.Run(guard, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			lan.Dnsmasq()
			rogue := lan.Container()
			m, _ := onHost(t, host(t, lan))
			_, err := start(t, m, rogue, 1, map[string]string{"guard": guard})
			must(t, err)
			testlan.Eventually(t, "an advertisement is sent", func() bool { return advertiseIn(t, rogue) })
			routed := func() bool { return strings.Contains(lan.Host.Run("ip", "-6", "route"), "default via fe80::") }
			if guard == "off" {
				testlan.Eventually(t, "the host has the rogue's route", routed)
				return
			}
			rogue.Run("ping", "-c1", "-W2", testlan.RouterAddr.String()) // passes the port behind it
			if routed() {
				t.Fatal("the host has the rogue's route")
			}
		})
	}
}

// advertiseIn sends a router advertisement to all nodes. It reports whether it did: the address
// may be tentative.
func advertiseIn(t *testing.T, container *testlan.NS) (sent bool) {
	t.Helper()
	container.Do(func() error {
		link, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMPV6)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255); err != nil {
			return err
		}
		ra := []byte{134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0} // lifetime 1800 s
		to := unix.SockaddrInet6{ZoneId: uint32(link.Index), Addr: netip.MustParseAddr("ff02::1").As16()}
		sent = unix.Sendto(fd, ra, 0, &to) == nil
		return nil
	})
	return sent
}

// What leased and its container send passes the guard: the whole of a lease, by the server's log.
func TestGuardedLease(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	server := lan.Dnsmasq(t1...)
	container := lan.Container()
	k := host(t, lan)
	m, _ := onHost(t, k)
	lease, err := start(t, m, container, 1, map[string]string{"conflict_check": "rfc5227", "lease_timeout": "20s"})
	must(t, err)
	addr := lease.Address.Addr().String()
	container.Run("ping", "-c1", "-W2", testlan.RouterAddr.String())
	testlan.Eventually(t, "the lease is renewed", func() bool { return count(server.Log(), "DHCPACK "+addr) >= 2 })
	container.Run("ip", "addr", "add", "192.0.2.250/24", "dev", "eth0")
	ping := []string{"sh", "-c", "ping -c1 -W1 -I 192.0.2.250 " + testlan.RouterAddr.String() + " || echo no answer"}
	if said := container.Run(ping...); !strings.Contains(said, "no answer") {
		t.Errorf("another address is answered: %s", said)
	}
	at := leaseapi.Attachment{ContainerID: "id1", ContainerName: "web", Network: "lan", Interface: "eth0"}
	must(t, m.Release(context.Background(), at))
	server.WaitLog(t, "DHCPRELEASE "+addr)
}

// The records say what an earlier leased has guarded.
func TestRestartGuardsAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.mustSetUp(w.space(9, nil))
		w.setUp(context.Background(), w.space(8, map[string]string{"guard": "off"}), true)
		must(w.t, w.restart(func() {}))
		w.kernel.with(func(k *fakeKernel) {
			nine := slices.IndexFunc(k.guarded, func(u kernel.Use) bool { return u.MAC.String() == setupMAC })
			if len(k.guarded) != 2 || nine < 0 || k.guarded[nine].Addr != netip.MustParseAddr("192.0.2.9") {
				w.t.Errorf("guarded are %v", k.guarded)
			}
		})
	})
}

// The next container of a name has the port of that name. The lease that was held for it ends
// when the port is guarded already.
func TestHeldLeaseLeavesTheNextPort(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.space(9, map[string]string{"release": "1h"})
		w.mustSetUp(s)
		must(w.t, w.m.Teardown(context.Background(), request.Attachment(s.Wanted.Attachment), nil))
		w.rest()
		s.Wanted.Attachment.ContainerID = "next"
		w.mustSetUp(s)
		w.kernel.with(func(k *fakeKernel) {
			if len(k.unguarded) != 1 {
				w.t.Errorf("unguarded are %q", k.unguarded)
			}
		})
	})
}
