// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
)

// keaForMany has room for a thousand. Its timers are long: nobody renews meanwhile.
const keaForMany = `{"Dhcp4": {"interfaces-config": {"interfaces": ["lan0"]}, "authoritative": true,
	"lease-database": {"type": "memfile", "name": "DIR/leases"}, "valid-lifetime": 3600,
	"expired-leases-processing": {"hold-reclaimed-time": 0},
	"subnet4": [{"id": 1, "interface": "lan0", "subnet": "198.18.0.0/22", "pools": [{"pool": "198.18.0.10-198.18.3.254"}]}],
	"loggers": [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": "stdout"}]}]}}`

// Five hundred containers at once ask Kea: nobody fails, hardly anybody has to ask
// twice and nobody three times. (lab/scale has the same with dnsmasq. Podman itself
// starts a few a second: what stands for it here calls leased as the plugin does.)
func TestMassStartOnKea(t *testing.T) {
	s := begin(t)
	s.noServer()
	s.wideLAN("198.18.0.1/22")
	kea := others["kea"]
	kea.config = keaForMany
	r := s.start("kea", kea, usual)
	s.countDiscovers()
	all := s.crowd(500)
	begun := time.Now()
	s.all(all, len(all), func(i int, leased *leaseapi.Conn) error {
		lease, err := leased.Acquire(context.Background(), all[i])
		if err == nil && lease == nil {
			err = errors.New("no lease")
		}
		return err
	})
	s.Logf("%d at once take %v", len(all), time.Since(begun))
	s.askedOnce(all)
	given, has := r.o.table(r), map[string]bool{}
	for _, st := range leases(s) {
		equal(s, "the state of "+st.Link.MAC, st.State, "BOUND")
		has[bare(st)] = true
	}
	if len(given) != len(all) || len(has) != len(all) {
		s.Errorf("the server has %d leases, leased %d addresses, want %d", len(given), len(has), len(all))
	}
	for _, addr := range given {
		if !has[addr] {
			s.Errorf("leased does not know of %s", addr)
		}
	}
	// A few at a time: nobody answers a RELEASE, and Kea's queue has room for 64.
	s.all(all, 8, func(i int, leased *leaseapi.Conn) error {
		return leased.Release(context.Background(), all[i].Attachment)
	})
	eventually(s, 30*time.Second, "the server's table is empty", func() bool { return len(r.o.table(r)) == 0 })
	s.noLeases()
}

// wideLAN gives the router another address, until the scene ends.
func (s *scene) wideLAN(addr string) {
	s.Helper()
	ip := func(what, addr string) { must(s, "ip", "-n", "router", "address", what, addr, "dev", "lan0") }
	ip("del", router+"/24")
	ip("add", addr)
	s.Cleanup(func() { ip("del", addr); ip("add", router+"/24") })
}

// countDiscovers has the router's kernel count DISCOVERs by MAC, whether or not its
// server comes to reading them.
func (s *scene) countDiscovers() {
	s.Helper()
	nft := func(line string) { must(s, "nsenter", "--net=/run/netns/router", "nft", line) }
	nft(`table inet heard {
		set discovers { type ether_addr; size 65535; flags dynamic; }
		chain in {
			type filter hook input priority 0;
			udp dport 67 @th,1984,24 0x350101 add @discovers { ether saddr counter }
		}
	}`)
	s.Cleanup(func() { nft("delete table inet heard") })
}

var counted = regexp.MustCompile(`([0-9a-f:]{17}) counter packets (\d+)`)

// askedOnce checks that hardly anybody has asked twice.
func (s *scene) askedOnce(all []leaseapi.AcquireRequest) {
	s.Helper()
	out := must(s, "nsenter", "--net=/run/netns/router", "nft", "list", "set", "inet", "heard", "discovers")
	asked, sum := counted.FindAllStringSubmatch(out, -1), 0
	for _, m := range asked {
		var n int
		fmt.Sscan(m[2], &n)
		if sum += n; n > 2 {
			s.Errorf("%s has sent %d DISCOVERs", m[1], n)
		}
	}
	s.Logf("%d DISCOVERs of %d containers", sum, len(asked))
	if len(asked) != len(all) || sum > len(all)*11/10 {
		s.Errorf("%d DISCOVERs of %d, want of %d at most a tenth more", sum, len(asked), len(all))
	}
}

// crowd makes namespaces with a macvlan each, until the scene ends.
func (s *scene) crowd(n int) (all []leaseapi.AcquireRequest) {
	s.Helper()
	nic, err := netlink.LinkByName("nic0")
	if err != nil {
		s.Fatal(err)
	}
	var add, remove strings.Builder
	for i := range n {
		fmt.Fprintf(&add, "netns add crowd%d\n", i)
		fmt.Fprintf(&remove, "netns delete crowd%d\n", i)
	}
	s.batch(add.String())
	s.Cleanup(func() { s.batch(remove.String()) })
	for i := range n {
		req, err := plug(nic, i)
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, req)
	}
	return all
}

func (s *scene) batch(lines string) {
	s.Helper()
	must(s, "sh", "-c", "ip -batch - <<'END'\n"+lines+"END")
}

// plug makes a macvlan, and says what leased is asked for it.
func plug(nic netlink.Link, i int) (req leaseapi.AcquireRequest, err error) {
	path := fmt.Sprintf("/run/netns/crowd%d", i)
	ns, err := netns.Open(path)
	if err != nil {
		return req, err
	}
	defer ns.Close()
	mac := net.HardwareAddr{2, 0xc0, 0, 0, byte(i >> 8), byte(i)}
	attrs := netlink.LinkAttrs{
		Name: "eth0", Index: 100, ParentIndex: nic.Attrs().Index, MTU: nic.Attrs().MTU, HardwareAddr: mac,
		Flags: net.FlagUp, Namespace: netlink.NsFd(ns.FD()),
	}
	return leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{ContainerID: fmt.Sprint("crowd", i), ContainerName: fmt.Sprint("crowd", i), Network: "crowd", Interface: "eth0"},
		Link:       leaseapi.Link{Netns: path, Index: attrs.Index, MAC: mac.String(), Host: "nic0", MTU: attrs.MTU},
		Client:     leaseapi.Client{ClientID: "01" + hex.EncodeToString(mac)},
		Policy:     leaseapi.Policy{TimeoutMS: 30_000, OnTimeout: "fail", Release: "now", ConflictCheck: "quick"},
	}, netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE})
}

// all makes a call for each, so many at once.
func (s *scene) all(reqs []leaseapi.AcquireRequest, atOnce int, call func(i int, leased *leaseapi.Conn) error) {
	s.Helper()
	var work sync.WaitGroup
	got, room := make([]error, len(reqs)), make(chan struct{}, atOnce)
	for i := range reqs {
		room <- struct{}{}
		work.Go(func() {
			defer func() { <-room }()
			leased, err := leaseapi.Dial(context.Background())
			if err != nil {
				got[i] = err
				return
			}
			defer leased.Close()
			got[i] = call(i, leased)
		})
	}
	work.Wait()
	if err := errors.Join(got...); err != nil {
		s.Fatalf("%v", err)
	}
}
