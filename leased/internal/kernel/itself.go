// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"bufio"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
)

// OutOfReach returns those of addrs that are the host's own, and that a container on that LAN of
// the host cannot reach: see attach.Host.OutOfReach. Where none of them is the host's, this
// costs four system calls an address. It is for a hint: an error means none.
func (l Linux) OutOfReach(on string, addrs []netip.Addr) (own []netip.Addr) {
	_ = netns.OrOwn(l.Host).Do(func() error {
		own = slices.DeleteFunc(slices.Clone(addrs), func(a netip.Addr) bool { return !isLocal(a) })
		return nil
	})
	if len(own) == 0 {
		return nil
	}
	host, err := attach.OpenHost(l.Host)
	if err != nil {
		return nil
	}
	defer host.Close()
	i, ok := below(host, on)
	if !ok {
		return nil
	}
	own, _ = host.OutOfReach(i, own)
	return own
}

// below is the host's interface that a macvlan on a LAN hangs on, or the LAN's bridge; false: there
// is none that the host may use itself.
func below(host *attach.Host, lan string) (attach.Interface, bool) {
	name, vlan := attach.SplitLAN(lan)
	i, err := host.FindVLAN(name, vlan)
	if err != nil {
		return i, false
	}
	return i.Below(vlan)
}

// isLocal reports whether the host has the address: then it is also the source of what goes
// there. Nothing is sent.
func isLocal(a netip.Addr) bool {
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: 53, Addr: a.As16()})
	if a.Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: 53, Addr: a.As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if unix.Connect(fd, to) != nil {
		return false
	}
	from, _ := unix.Getsockname(fd)
	switch from := from.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(from.Addr) == a
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(from.Addr) == a
	}
	return false
}

// Serves reports whether that LAN of the host carries macvlans, and a program of the host listens
// for DHCP clients: on UDP port 67, or with six on 547. A macvlan cannot reach such a server.
func (l Linux) Serves(on string, six bool) bool {
	host, err := attach.OpenHost(l.Host)
	if err != nil {
		return false
	}
	defer host.Close()
	if i, ok := below(host, on); !ok || i.Bridge() {
		return false
	}
	found := false
	_ = netns.OrOwn(l.Host).Do(func() error {
		file, port := "/proc/thread-self/net/udp", ":0043" // in hexadecimal
		if six {
			file, port = "/proc/thread-self/net/udp6", ":0223"
		}
		found = listens(file, port)
		return nil
	})
	return found
}

// maxSockets bounds the part of the list that is read, in bytes: some 8,000 sockets.
const maxSockets = 1 << 20

// listens looks for a local port in a list of sockets (proc_net_udp(5)).
func listens(file, port string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxSockets))
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && strings.HasSuffix(fields[1], port) {
			return true
		}
	}
	return false
}
