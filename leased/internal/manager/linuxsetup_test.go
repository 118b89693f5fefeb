// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"os"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/guard"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/wire"
)

// ask is a Setup for a container, and its netns as a caller passes it.
func ask(t *testing.T, container *testlan.NS, options map[string]string) (request.Setup, func() *os.File) {
	t.Helper()
	s, err := request.ParseSetup(leaseapi.SetupRequest{
		Netns: container.Path, Options: options, Hostnames: []string{"web"},
		Attachment: leaseapi.Attachment{ContainerID: "id", ContainerName: "web", Network: "lan", Interface: "eth0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, func() *os.File {
		f, err := os.Open(container.Path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
}

// host is a kernel whose links hang on the LAN's host.
func host(t *testing.T, lan *testlan.LAN) kernel.Linux {
	t.Helper()
	ns := lan.Host.Open()
	g := guard.New(ns, slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(func() { g.Close(); ns.Close() })
	return kernel.Linux{Host: ns, Guard: g}
}

// links are where a test attaches to.
var links = map[string]map[string]string{
	"bridge":  {"bridge": testlan.HostBridge, "mac": "02:00:00:00:77:01", "release": "now"},
	"macvlan": {"parent": testlan.HostNIC, "mac": "02:00:00:00:77:02", "release": "now"},
}

func TestSetupOnRealLinks(t *testing.T) {
	t.Parallel()
	for name, options := range links {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			server := lan.Dnsmasq(t1...)
			container := lan.Container()
			m, _ := onHost(t, host(t, lan))
			s, netns := ask(t, container, options)
			var mac net.HardwareAddr
			var lease *leaseapi.Lease
			_, err := m.Setup(context.Background(), s, netns(), func(at net.HardwareAddr, l *leaseapi.Lease, err error) bool {
				mac, lease = at, l
				return err == nil
			})
			if err != nil || lease == nil || mac.String() != options["mac"] {
				t.Fatalf("%v, %+v, %v", mac, lease, err)
			}
			if have := container.Run("ip", "-4", "addr", "show", "eth0"); !strings.Contains(have, lease.Address.String()) {
				t.Errorf("%s is not in %s", lease.Address, have)
			}
			if err := m.Teardown(context.Background(), request.Attachment(s.Wanted.Attachment), netns()); err != nil {
				t.Error(err)
			}
			server.WaitLog(t, "DHCPRELEASE")
			if have := container.Run("ip", "link"); strings.Contains(have, "eth0") || m.Len() != 0 {
				t.Errorf("%d attachments left, and of links %s", m.Len(), have)
			}
		})
	}
}

// A container gets neither the identity of one that runs, nor its place. The one that runs keeps
// its link and its address, and a container whose netns is gone keeps nothing.
func TestIdentityOnRealLinks(t *testing.T) {
	t.Parallel()
	for name, options := range links {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			lan.Dnsmasq(t1...)
			m, _ := onHost(t, host(t, lan))
			start := func(container *testlan.NS, id string, more map[string]string) (*leaseapi.Lease, error) {
				all := maps.Clone(options)
				maps.Copy(all, more)
				s, netns := ask(t, container, all)
				s.Wanted.ContainerID = id
				return m.setUp(s, netns())
			}
			first, second := lan.Container(), lan.Container()
			lease, err := start(first, "id", nil)
			if err != nil {
				t.Fatal(err)
			}
			for what, try := range map[string]struct {
				id   string
				more map[string]string
			}{
				"has the MAC":               {"id2", nil},
				"has the client identifier": {"id2", map[string]string{"mac": "02:00:00:00:77:77", "client_id": "01:" + options["mac"]}},
				"runs already":              {"id", map[string]string{"mac": "02:00:00:00:77:77"}},
			} {
				if _, err := start(second, try.id, try.more); err == nil || !strings.Contains(err.Error(), what) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if have := first.Run("ip", "-4", "addr", "show", "eth0"); !strings.Contains(have, lease.Address.String()) {
				t.Errorf("%s is not in %s", lease.Address, have)
			}
			if have := second.Run("ip", "link"); strings.Contains(have, "eth0") || m.Len() != 1 {
				t.Errorf("%d attachments, and of links %s", m.Len(), have)
			}
			first.Delete()
			again, err := start(second, "id2", nil)
			if err != nil || again.Address != lease.Address {
				t.Errorf("got %+v, %v", again, err)
			}
		})
	}
}

// Two containers of one id and two owners have links of their own, and the link goes that the
// attachment has, whatever its container has made of it.
func TestOwnersOnRealLinks(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.Dnsmasq(t1...)
	m, _ := onHost(t, host(t, lan))
	var all []*testlan.NS
	var ends []func()
	for i, owner := range []string{"hook:1", "hook:2"} {
		container := lan.Container()
		s, netns := ask(t, container, map[string]string{"bridge": testlan.HostBridge, "release": "now", "mac": "02:00:00:00:77:0" + owner[5:]})
		s.Wanted.Owner = owner
		if _, err := m.setUp(s, netns()); err != nil {
			t.Fatal(i, err)
		}
		all = append(all, container)
		ends = append(ends, func() {
			if err := m.Teardown(context.Background(), request.Attachment(s.Wanted.Attachment), netns()); err != nil {
				t.Error(err)
			}
		})
	}
	all[0].Run("ip", "link", "set", "eth0", "down")
	all[0].Run("ip", "link", "set", "eth0", "name", "hidden", "address", "02:00:00:00:77:99", "up")
	all[0].Run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other")
	ends[0]()
	if have := all[0].Run("ip", "-br", "link"); strings.Contains(have, "hidden") || !strings.Contains(have, "eth0@other") {
		t.Errorf("the first has %s", have)
	}
	if have := all[1].Run("ip", "-4", "-br", "addr"); !strings.Contains(have, "192.0.2.") || m.Len() != 1 {
		t.Errorf("the second has %s", have)
	}
	ends[1]()
	if have := all[1].Run("ip", "-br", "link"); strings.Contains(have, "eth0") {
		t.Errorf("the second has %s", have)
	}
}

// The members of a pod share a netns. The lease is the netns's, whichever member asks for it, and
// under whichever id.
func TestMembersOfAPod(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.Dnsmasq(t1...)
	m, _ := onHost(t, host(t, lan))
	pod := lan.Container()
	member := func(id string, options map[string]string) (*leaseapi.Lease, error) {
		s, netns := ask(t, pod, options)
		s.Wanted.ContainerID, s.Wanted.Owner = id, "hook:"+id
		return m.setUp(s, netns())
	}
	first, err := member("1", links["bridge"])
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2", "3"} { // 2 with the same annotations, 3 with another name
		options := maps.Clone(links["bridge"])
		if id == "3" {
			options["mac"] = "02:00:00:00:77:33"
		}
		if l, err := member(id, options); err != nil || l.Address != first.Address {
			t.Errorf("member %s has %+v, %v", id, l, err)
		}
	}
	if _, err := member("4", links["macvlan"]); err == nil || !strings.Contains(err.Error(), "eth0 in this network namespace is on "+testlan.HostBridge+" already") {
		t.Errorf("a member on another LAN: %v", err)
	}
	if m.Len() != 1 || strings.Count(pod.Run("ip", "-br", "link"), "@") != 1 {
		t.Errorf("%d attachments, links %s", m.Len(), pod.Run("ip", "-br", "link"))
	}
	if err := m.ReleaseContainer(context.Background(), "1", "hook:1"); err != nil {
		t.Error(err)
	}
}

// A clone of the host has a container of the same name, and so of the same MAC. The log says so
// once, as soon as the clone's container has sent a broadcast. The container's own port is no
// news.
func TestCloneOfTheHost(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.Dnsmasq(t1...)
	k := host(t, lan)
	watcher, err := wire.WatchSightings(k.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close()
	m, log := onHost(t, k)
	container := lan.Container()
	s, netns := ask(t, container, links["bridge"])
	lease, err := m.setUp(s, netns())
	if err != nil {
		t.Fatal(err)
	}
	mac := links["bridge"]["mac"]
	hear := func(port string) {
		t.Helper()
		for {
			all, err := watcher.Next()
			if err != nil {
				t.Fatal(err)
			}
			for _, is := range all {
				on, bridge, uplink, err := watcher.From(is)
				if err != nil || is.MAC.String() != mac {
					continue
				}
				if !m.HasMAC(is.MAC) {
					t.Errorf("nobody has %v", is.MAC)
				}
				if uplink {
					m.Sighted(is.MAC, "br7", on) // as another LAN's bridge would, where a macvlan of ours is
					m.Sighted(is.MAC, bridge, on)
				}
				if on == port || port == "" && !uplink {
					return
				}
			}
		}
	}
	hear("")
	if log.has("another machine has the container's MAC") {
		t.Error("its own port is news")
	}
	lan.Router.Run("ip", "link", "add", "clone", "link", testlan.RouterLink, "address", mac, "type", "macvlan")
	lan.Router.Run("ip", "link", "set", "clone", "up")
	for range 2 {
		lan.Router.Run("sh", "-c", "ip route replace 198.51.100.7/32 dev clone; ping -c1 -W0.1 198.51.100.7 || true")
		hear("up0")
		container.Run("ping", "-c1", "-W1", "192.0.2.1") // its port has the MAC again
		hear("")
	}
	testlan.Eventually(t, "the log says so", func() bool { return log.has("another machine has the container's MAC") })
	if n := log.count("another machine has the container's MAC"); n != 1 {
		t.Errorf("%d lines", n)
	}
	if err := m.Teardown(context.Background(), request.Attachment(s.Wanted.Attachment), netns()); err != nil || !lease.Address.IsValid() {
		t.Error(err)
	}
	if m.HasMAC(net.HardwareAddr{2, 0, 0, 0, 0x77, 1}) {
		t.Error("the container that is gone has its MAC still")
	}
}

// setUp is Setup.
func (m tested) setUp(s request.Setup, netns *os.File) (lease *leaseapi.Lease, err error) {
	_, failed := m.Setup(context.Background(), s, netns, func(_ net.HardwareAddr, l *leaseapi.Lease, e error) bool {
		lease, err = l, e
		return e == nil
	})
	return lease, errors.Join(err, failed)
}

// A leased that is killed while it makes a link leaves an intention: that takes the link away.
func TestUnmakeRealLinks(t *testing.T) {
	t.Parallel()
	for name, options := range links {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			container := lan.Container()
			s, netns := ask(t, container, options)
			k := host(t, lan)
			place, r := makeReal(t, k, s, netns())
			if have := container.Run("ip", "link"); !strings.Contains(have, "eth0") {
				t.Fatalf("no eth0 in %s", have)
			}
			for range 2 {
				if err := k.UnmakeLink(place, r.Spec()); err != nil {
					t.Error(err)
				}
			}
			if have := container.Run("ip", "link"); strings.Contains(have, "eth0") {
				t.Errorf("eth0 stays: %s", have)
			}
		})
	}
}

// makeReal makes the link of s, and returns where, and what the record would say.
func makeReal(t *testing.T, k kernel.Linux, s request.Setup, netns *os.File) (kernel.Place, request.Request) {
	t.Helper()
	place, err := k.Adopt(netns, s.Wanted.Netns, "eth0")
	if err != nil {
		t.Fatal(err)
	}
	defer k.Leave(place)
	spec, err := s.Link()
	if err != nil {
		t.Fatal(err)
	}
	maker, err := k.Maker(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer maker.Close()
	r, err := s.Request(maker.Link())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := maker.Make(t.Context(), place, newWorkers(nil).pause); err != nil {
		t.Fatal(err)
	}
	return place, r
}
