// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/request"
)

// ask is a call of Find.
type ask struct {
	request.Link
	ifname string
}

func askFor(l testlan.Link) ask {
	return ask{request.Link{Netns: l.NS.Path, Index: l.Index, MAC: l.MAC, Host: testlan.HostBridge, MTU: 1500}, l.Name}
}

func TestFindKnowsTheLink(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	other := net.HardwareAddr{2, 0, 0, 0, 0xff, 0xff}
	for name, c := range map[string]struct {
		change func(r *ask)
		good   bool
	}{
		"as it is":          {func(*ask) {}, true},
		"by its name":       {func(r *ask) { r.Link.Index = 0 }, true},
		"another name":      {func(r *ask) { r.Link.Index, r.ifname = 0, "eth7" }, false},
		"its name, not MAC": {func(r *ask) { r.Link.Index, r.Link.MAC = 0, other }, false},
		"another index":     {func(r *ask) { r.Link.Index += 100 }, false},
		"another MAC":       {func(r *ask) { r.Link.MAC = other }, false},
		"no netns":          {func(r *ask) { r.Link.Netns += "x" }, false},
		"the host":          {func(r *ask) { r.Link.Netns = "/proc/self/ns/net" }, false},
		"another kind":      {func(r *ask) { r.Link.Netns = "/proc/self/ns/mnt" }, false},
	} {
		r := askFor(link)
		c.change(&r)
		p, err := Linux{}.Find(r.Link, r.ifname)
		Linux{}.Leave(p)
		if c.good != (err == nil) || !c.good && !errors.Is(err, ErrGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An error comes with a nil socket: a pointer that is nil would be no nil interface.
func TestErrorsComeWithoutASocket(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	at, err := Linux{}.Find(askFor(link).Link, link.Name)
	Linux{}.Leave(at)
	if err != nil {
		t.Fatal(err)
	}
	at.Index += 100
	if conn, err := (Linux{}).Packet(at); err == nil || conn != nil {
		t.Errorf("packet socket: %v, %v", conn, err)
	}
	if conn, err := (Linux{}).ARP(at); err == nil || conn != nil {
		t.Errorf("ARP socket: %v, %v", conn, err)
	}
	if conn, err := (Linux{}).DHCP6(at, netip.MustParseAddr("fe80::1")); err == nil || conn != nil {
		t.Errorf("DHCPv6 socket: %v, %v", conn, err)
	}
}

// Who is short of descriptors must not take all containers for dead. Not
// parallel: the limit is the process's.
func TestShortOfDescriptors(t *testing.T) {
	testlan.RequireRoot(t)
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	place, err := Linux{}.Find(askFor(link).Link, link.Name)
	Linux{}.Leave(place)
	if err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := unix.Rlimit{Cur: 0, Max: limit.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, err = Linux{}.Packet(place)
	if restore := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); restore != nil {
		t.Fatal(restore)
	}
	if !errors.Is(err, unix.EMFILE) || errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
	if _, err := (Linux{}).Packet(place); err != nil {
		t.Error(err)
	}
}
