// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/kernel"
)

// t1t2 has dnsmasq say T1 = 2 s and T2 = 4 s.
var t1t2 = []string{
	"--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,2m",
	"--dhcp-option-force=option:T1,2", "--dhcp-option-force=option:T2,4",
}

// living is a container with a lease, and what a test looks at.
type living struct {
	*testlan.NS
	server *testlan.Dnsmasq
	m      tested
	log    *logbook
	stop   func()
	dir    string
	addr   string
}

func startLiving(t *testing.T) *living {
	t.Helper()
	t.Parallel()
	lan := testlan.New(t)
	l := &living{server: lan.Dnsmasq(t1t2...), NS: lan.Container(), dir: t.TempDir()}
	link := lan.Veth(l.NS, "eth0")
	l.m, l.log, l.stop = onDisk(t, kernel.Linux{}, l.dir, nil)
	lease, _, err := l.m.Acquire(context.Background(), requestFor(link))
	must(t, err)
	l.addr = lease.Address.Addr().String()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.log.text.String())
		}
	})
	return l
}

func (l *living) acks() int { return count(l.server.Log(), "DHCPACK") }

// has reports whether the container has the lease's address and its default route.
func (l *living) has() bool {
	return strings.Contains(l.Run("ip", "-4", "addr"), l.addr) &&
		strings.Contains(l.Run("ip", "route"), "default via "+testlan.RouterAddr.String())
}

// Whatever a program in the container takes away of a lease is back at T1, and the renewal of
// T1 needs no broadcast for it.
func TestTakenAwayIsBackAtT1(t *testing.T) {
	for name, take := range map[string][]string{
		"addresses": {"ip", "addr", "flush", "dev", "eth0"},
		"routes":    {"ip", "route", "flush", "dev", "eth0"},
		"up":        {"sh", "-c", "ip link set eth0 down; ip addr flush dev eth0; ip link set eth0 up"},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLiving(t)
			l.Run(take...)
			acks := l.acks()
			testlan.Eventually(t, "the lease is renewed, and whole", func() bool { return l.acks() > acks && l.has() })
			if l.log.has("state=REBINDING") || count(l.server.Log(), "DHCPDISCOVER") > 1 {
				t.Error("it was not renewed at T1")
			}
		})
	}
}

// A container that changes its MAC and renames its interface lives on: its lease is renewed,
// and a leased that restarts gives nothing back.
func TestLinkIsChangedInside(t *testing.T) {
	l := startLiving(t)
	l.Run("ip", "link", "set", "eth0", "down")
	l.Run("ip", "link", "set", "eth0", "name", "lan0", "address", "02:00:5e:00:53:77", "up")
	renewed := func() {
		t.Helper()
		acks := l.acks()
		testlan.Eventually(t, "the lease is renewed, and whole", func() bool { return l.acks() > acks && l.has() })
	}
	renewed()
	l.stop()
	l.m, l.log, l.stop = onDisk(t, kernel.Linux{}, l.dir, nil)
	renewed()
	if n := l.log.count("the container has changed its MAC"); n != 1 {
		t.Errorf("that was told %d times", n)
	}
	testlan.Eventually(t, "it is listed as bound", func() bool { // and between two renewals
		all := listed(l.m)
		return len(all) == 1 && all[0].State == "BOUND"
	})
	if count(l.server.Log(), "DHCPRELEASE") > 0 {
		t.Errorf("the server heard %q", l.server.Log())
	}
}
