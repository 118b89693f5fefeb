// SPDX-License-Identifier: Apache-2.0

package links

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// listen listens on a LAN's host, whose bridge and NIC are watched.
func listen(t testing.TB, lan *testlan.LAN) *Watcher {
	t.Helper()
	w, err := Listen(lan.Host.Open())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	w.Watch(testlan.HostBridge)
	w.Watch(testlan.HostNIC)
	return w
}

// next is the next news.
func next(t testing.TB, w *Watcher) News {
	t.Helper()
	n, err := w.Next()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// silent fails if the socket has a message, or gets one soon.
func silent(t testing.TB, w *Watcher) {
	t.Helper()
	_ = w.sock.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := w.sock.Read(w.buf[:]); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a message of %d bytes, %v: %x", n, err, w.buf[:max(n, 0)])
	}
}

// The first news say which ports there are, for a leased that was away.
func TestTheFirstNewsCompare(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	lan.Host.Run("ip", "link", "set", link.Peer, "alias", "a container's")
	w := listen(t, lan)
	n := next(t, w)
	if !n.Missed || !n.Plugged[link.Peer] || !n.Plugged["up0"] || len(n.Hosts) != 0 {
		t.Errorf("%+v", n)
	}
	if all := w.hosts[testlan.HostBridge].uplinks; len(all) != 1 {
		t.Errorf("the uplinks are %v", all)
	}
}

// Neither the starts of containers on the bridge wake leased, nor the links of others.
func TestStartsDoNotWake(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	w := listen(t, lan)
	next(t, w)
	lan.Veth(lan.Container(), "eth0")
	lan.Macvlan(lan.Container(), "eth0")
	lan.Host.Run("ip", "link", "add", "other", "type", "bridge")
	lan.Host.Run("ip", "link", "add", "theirs", "type", "veth", "peer", "name", "theirs-1")
	lan.Host.Run("ip", "link", "set", "theirs", "master", "other", "up")
	lan.Host.Run("ip", "link", "set", "theirs", "down")
	lan.Host.Run("ip", "link", "del", "theirs")
	silent(t, w)
}

func TestNews(t *testing.T) {
	t.Parallel()
	const anew = "ip link add nic0 type veth peer name nic9 && ip link set nic9 up && ip link set nic0 up"
	for name, c := range map[string]struct {
		changes []string // a shell's, on the host
		host    Host     // among the news after the last one; zero: none
		port    bool     // so is the container's port
	}{
		"bridge down":      {[]string{"ip link set br0 down"}, Host{Name: "br0", Trouble: "br0 is down"}, false},
		"bridge up":        {[]string{"ip link set br0 down", "ip link set br0 up"}, Host{Name: "br0", Back: true}, false},
		"bridge gone":      {[]string{"ip link del br0"}, Host{Name: "br0"}, true},
		"bridge flaps":     {[]string{"ip link set br0 down; ip link set br0 up"}, Host{Name: "br0", Back: true}, false},
		"parent down":      {[]string{"ip link set nic0 down"}, Host{Name: "nic0", Trouble: "nic0 is down"}, false},
		"parent gone":      {[]string{"ip link del nic0"}, Host{Name: "nic0"}, false},
		"parent made anew": {[]string{"ip link del nic0", anew}, Host{Name: "nic0", Back: true}, false},
		"at once":          {[]string{"ip link del nic0; " + anew}, Host{Name: "nic0", Back: true}, false},
		"uplink down":      {[]string{"ip link set up0 down"}, Host{Name: "br0", Trouble: "no carrier on up0"}, false},
		"uplink up":        {[]string{"ip link set up0 down", "ip link set up0 up"}, Host{Name: "br0", Back: true}, false},
		"port unplugged":   {[]string{"ip link set PORT nomaster"}, Host{}, true},
		"port down":        {[]string{"ip link set PORT down"}, Host{}, true},
		"port deleted":     {[]string{"ip link del PORT"}, Host{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			port := lan.Veth(lan.Container(), "eth0").Peer
			lan.Host.Run("ip", "link", "set", port, "alias", "a container's")
			w := listen(t, lan)
			next(t, w)
			var n News
			for _, change := range c.changes {
				lan.Host.Run("sh", "-c", strings.ReplaceAll(change, "PORT", port))
				n = next(t, w)
			}
			for c.host != (Host{}) && !slices.Contains(n.Hosts, c.host) || c.port && !slices.Contains(n.Ports, port) {
				more := next(t, w) // it took the kernel more than a moment
				n = News{Hosts: append(n.Hosts, more.Hosts...), Ports: append(n.Ports, more.Ports...)}
			}
		})
	}
}

// A carrier that comes and goes many times a second makes few news, and the last state is told.
func TestFlappingCarrier(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	w := listen(t, lan)
	next(t, w)
	news := make(chan Host, 1000)
	go func() {
		for {
			n, err := w.Next()
			if err != nil {
				return
			}
			for _, h := range n.Hosts {
				news <- h
			}
		}
	}()
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		lan.Host.Run("sh", "-c", "ip link set nic0 down; sleep 0.05; ip link set nic0 up; sleep 0.05")
	}
	if n := len(news); n > freeNews {
		t.Errorf("%d news in a second", n)
	}
	lan.Host.Run("ip", "link", "set", "nic0", "down")
	var last Host
	testlan.Eventually(t, "the last state is told", func() bool {
		for len(news) > 0 {
			last = <-news
		}
		return last == Host{Name: "nic0", Trouble: "nic0 is down"}
	})
}

// More than the kernel can keep is told as such, and the links are compared.
func TestOverrun(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	w := listen(t, lan)
	next(t, w)
	conn, err := w.sock.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) })
	if err != nil {
		t.Fatal(err)
	}
	lan.Host.Netlink(func(h *netlink.Handle) error {
		br, err := h.LinkByName(testlan.HostBridge)
		for range 20 {
			err = errors.Join(err, h.LinkSetDown(br), h.LinkSetUp(br))
		}
		return err
	})
	if n := next(t, w); !n.Missed || !n.Plugged["up0"] || !slices.Contains(n.Hosts, Host{Name: "br0", Back: true}) {
		t.Errorf("%+v", n)
	}
}

// What the socket costs a start: the kernel asks the filter about each message.
func BenchmarkPortBeside(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run(map[bool]string{false: "alone", true: "watched"}[watched], func(b *testing.B) {
			lan := testlan.New(b)
			if watched {
				next(b, listen(b, lan))
			}
			lan.Host.Netlink(func(h *netlink.Handle) error {
				br, err := h.LinkByName(testlan.HostBridge)
				for b.Loop() {
					v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "port", MasterIndex: br.Attrs().Index, Flags: 1}, PeerName: "peer"}
					err = errors.Join(err, h.LinkAdd(v), h.LinkSetUp(v))
					b.StopTimer()
					err = errors.Join(err, h.LinkDel(v))
					b.StartTimer()
				}
				return err
			})
		})
	}
}
