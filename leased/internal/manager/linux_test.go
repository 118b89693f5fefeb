// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/shim"
	"podman-net-dhcp/leased/internal/store"
	"podman-net-dhcp/leased/internal/wire"
)

// onLinux is a Manager on the real kernel, clock and disk.
func onLinux(t *testing.T) (m tested, log *logbook) { return onHost(t, kernel.Linux{}) }

// onHost is onLinux with another host.
func onHost(t *testing.T, k kernel.Linux) (m tested, log *logbook) { return onHostWatched(t, k, nil) }

// onHostWatched is onHost with the host's links watched.
func onHostWatched(t *testing.T, k kernel.Linux, watch func(host string)) (m tested, log *logbook) {
	t.Helper()
	m, log, _ = onDisk(t, k, t.TempDir(), watch)
	return m, log
}

// onDisk is onHost with the records in dir. stop stops leased before the test's end.
func onDisk(t *testing.T, k kernel.Linux, dir string, watch func(host string)) (m tested, log *logbook, stop func()) {
	t.Helper()
	clk, err := clock.New()
	if err != nil {
		t.Fatal(err)
	}
	disk, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	log = &logbook{}
	lines := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := Config{Log: lines, Clock: clk, Kernel: k, Store: disk, Rand: counter(), BootID: "boot", Watch: watch}
	var work sync.WaitGroup
	shims := shim.New(k.Host, lines)
	if k.Host != nil {
		c.Shim = shims.Tell
	}
	started, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if shims.Leases = started; k.Host != nil {
		work.Go(func() { _ = shims.Run(ctx) })
	}
	ended := make(chan struct{})
	go func() { defer close(ended); started.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		work.Wait()
		<-ended
		clk.Close()
		disk.Close()
		wire.Flush()
	})
	t.Cleanup(stop)
	return tested{started}, log, stop
}

func requestFor(l testlan.Link) leaseapi.AcquireRequest {
	return leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{ContainerID: "id", ContainerName: "web", Network: "lan", Interface: l.Name},
		Link:       leaseapi.Link{Netns: l.NS.Path, Index: l.Index, MAC: l.MAC.String(), Host: testlan.HostBridge, MTU: 1500},
		Client:     leaseapi.Client{Hostname: "web"},
		Policy:     leaseapi.Policy{Metric: 100, TimeoutMS: 10_000, OnTimeout: "fail", Release: "now"},
	}
}

// t1 has dnsmasq say T1 = 2 s and T2 = 3 s; its shortest lease is 2 minutes.
var t1 = []string{
	"--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,2m",
	"--dhcp-option-force=option:T1,2", "--dhcp-option-force=option:T2,3",
}

func TestDnsmasqAcquireRenewRelease(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	server := lan.Dnsmasq(t1...)
	container := lan.Container()
	link := lan.Veth(container, "eth0")
	m, told := onLinux(t)
	defer func() {
		if t.Failed() {
			t.Log(told.text.String())
		}
	}()
	req := requestFor(link)
	l, _, err := m.Acquire(context.Background(), req)
	if err != nil || *l.Renew > 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	addr, mac := l.Address.Addr().String(), link.MAC.String()
	if have := container.Run("ip", "-4", "addr", "show", "eth0"); !strings.Contains(have, l.Address.String()) {
		t.Errorf("%s is not in %s", l.Address, have)
	}
	if have := container.Run("ip", "route"); !strings.Contains(have, "default via "+testlan.RouterAddr.String()) {
		t.Errorf("no default route in %s", have)
	}
	testlan.Eventually(t, "the lease is renewed", func() bool { return count(server.Log(), "DHCPACK "+addr+" "+mac) >= 2 })
	if err := m.Release(context.Background(), req.Attachment); err != nil {
		t.Error(err)
	}
	server.WaitLog(t, "DHCPRELEASE "+addr+" "+mac)
	if have := container.Run("ip", "-4", "addr", "show", "eth0"); strings.Contains(have, addr) {
		t.Errorf("%s is still in %s", addr, have)
	}
	log := server.Log()
	for i, want := range []string{"DHCPDISCOVER " + mac, "DHCPOFFER " + addr, "DHCPREQUEST " + addr, "DHCPACK " + addr, "DHCPREQUEST " + addr} {
		if !strings.HasPrefix(log[i], want) {
			t.Errorf("event %d is %q, want %q", i, log[i], want)
		}
	}
	if n := count(log, "DHCPDISCOVER"); n != 1 || m.Len() != 0 {
		t.Errorf("%d DISCOVERs, %d attachments left", n, m.Len())
	}
}

func count(log []string, prefix string) (n int) {
	for _, l := range log {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// A container that goes without a goodbye takes its link along at once: nothing of
// a lease at rest holds its netns. The lease is dropped at T1.
func TestNothingPinsADeadContainer(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.Dnsmasq(t1...)
	container := lan.Container()
	link := lan.Veth(container, "eth0")
	m, log := onLinux(t)
	if _, _, err := m.Acquire(context.Background(), requestFor(link)); err != nil {
		t.Fatal(err)
	}
	container.Delete()
	testlan.Eventually(t, "the host's end of the veth is gone", func() (gone bool) {
		lan.Host.Netlink(func(h *netlink.Handle) error {
			_, err := h.LinkByName(link.Peer)
			gone = errors.As(err, new(netlink.LinkNotFoundError))
			return nil
		})
		return gone
	})
	testlan.Eventually(t, "the end is noticed", func() bool { return listed(m)[0].State == leaseapi.StateHeld }) // br0 is not in here
	if !log.has("container is gone") {
		t.Error(log.text.String())
	}
}

// A caller that hangs up has the link deleted too, with both its ends.
func TestUndoDeletesTheLink(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.Dnsmasq(t1...)
	container := lan.Container()
	link := lan.Veth(container, "eth0")
	m, _ := onLinux(t)
	_, undo, err := m.Acquire(context.Background(), requestFor(link))
	if err != nil {
		t.Fatal(err)
	}
	undo()
	testlan.Eventually(t, "all is undone", func() bool { return m.Len() == 0 })
	if have := container.Run("ip", "-o", "link"); strings.Contains(have, "eth0") {
		t.Errorf("the link is still there: %s", have)
	}
}

// A container that lives on without the path of its netns keeps its lease, and is
// noticed when it ends.
func TestContainerWithoutAPath(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	server := lan.Dnsmasq(t1...)
	container := lan.Container()
	link := lan.Veth(container, "eth0")
	m, log := onLinux(t)
	defer func() {
		if t.Failed() {
			t.Log(log.text.String())
		}
	}()
	if _, _, err := m.Acquire(context.Background(), requestFor(link)); err != nil {
		t.Fatal(err)
	}
	process := exec.Command("sleep", "1000")
	container.Start(process)
	container.Delete()
	renewals := count(server.Log(), "DHCPACK")
	testlan.Eventually(t, "the lease is renewed", func() bool { return count(server.Log(), "DHCPACK") > renewals })
	if m.Len() != 1 || count(server.Log(), "DHCPRELEASE") != 0 {
		t.Errorf("%d attachments, log %q", m.Len(), server.Log())
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	testlan.Eventually(t, "the end is noticed", func() bool { return listed(m)[0].State == leaseapi.StateHeld }) // br0 is not in here
}
