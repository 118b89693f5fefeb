// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

// facts are what the four say at one time.
type facts struct {
	server  map[string][]string // from MAC to addresses
	kernel  map[string]inside   // by container id
	list    []leaseapi.Status
	records []record
	parts   []string // files that were being written
	memos   int
	ports   int      // of containers on the bridge
	strays  []string // other links of the host's that are not the LAN's
}

// inside is what a container's kernel has.
type inside struct {
	links  int // beside lo
	addrs  []string
	routes []string // of protocol dhcp: destination and gateway
}

// record is what counts here of a file in the state directory.
type record struct {
	Request leaseapi.AcquireRequest `json:"request"`
	Held    bool                    `json:"held"`
	Waiting bool                    `json:"waiting"`
	Making  bool                    `json:"making"`
	Bound   struct{ Addr netip.Prefix }
	Lease   struct{ Addr netip.Prefix }
	file    string
}

func (h *host) look(there []*container) facts {
	h.t.Helper()
	f := facts{server: h.given(), kernel: map[string]inside{}, list: h.list()}
	f.ports, f.strays = h.links()
	for _, c := range there {
		f.kernel[c.at.ContainerID] = c.inside()
	}
	for _, dir := range []string{h.state, h.memory} {
		entries, _ := os.ReadDir(dir) // none before the first leased
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			var file struct{ Record record }
			switch {
			case err != nil: // gone meanwhile
			case !strings.HasSuffix(e.Name(), ".json"):
				f.parts = append(f.parts, e.Name())
			case dir == h.memory && strings.Contains(string(text), `"former":true`): // an address of before
			case dir == h.memory:
				f.memos++
			case json.Unmarshal(text, &file) == nil:
				file.Record.file = e.Name()
				f.records = append(f.records, file.Record)
			default:
				f.parts = append(f.parts, e.Name()+" "+string(text))
			}
		}
	}
	return f
}

// given is the server's own list, which unlike Dnsmasq.Leases shows a client that
// has two. Its file is: expiry MAC address name client-id.
func (h *host) given() map[string][]string {
	given := map[string][]string{}
	f, err := os.Open(filepath.Join(filepath.Dir(h.lan.Router.Path), "leases"))
	must(h.t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) >= 3 {
			given[f[1]] = append(given[f[1]], f[2])
		}
	}
	return given
}

// list is what leased lists, to its own operator's tool.
func (h *host) list() (list []leaseapi.Status) {
	h.t.Helper()
	cmd := exec.Command(h.beside("tool"), "ls", "--json")
	cmd.Env = append(os.Environ(), "LEASED_SOCKET="+h.path)
	out, err := cmd.Output()
	if err != nil {
		h.t.Fatalf("leased ls: %v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		var s leaseapi.Status
		must(h.t, json.Unmarshal([]byte(line), &s))
		list = append(list, s)
	}
	return list
}

func (c *container) inside() (in inside) {
	c.ns.Netlink(func(n *netlink.Handle) error {
		links, err := dump(n.LinkList)
		if err != nil {
			return err
		}
		in.links = len(links) - 1
		addrs, err := dump(func() ([]netlink.Addr, error) { return n.AddrList(nil, netlink.FAMILY_V4) })
		if err != nil {
			return err
		}
		for _, a := range addrs {
			if !a.IP.IsLoopback() {
				in.addrs = append(in.addrs, a.IPNet.String())
			}
		}
		routes, err := dump(func() ([]netlink.Route, error) { return n.RouteList(nil, netlink.FAMILY_V4) })
		for _, r := range routes {
			if r.Protocol == unix.RTPROT_DHCP {
				in.routes = append(in.routes, r.Dst.String()+" via "+r.Gw.String())
			}
		}
		return err
	})
	return in
}

// dump repeats a listing that a change has cut in two.
func dump[T any](list func() ([]T, error)) (all []T, err error) {
	err = netlink.ErrDumpInterrupted
	for errors.Is(err, netlink.ErrDumpInterrupted) {
		all, err = list()
	}
	return all, err
}

// links returns how many containers, and stand-ins for them, hang on the host's bridge, and the
// names of all other links that containers can have left on the host: veths that are no port,
// and macvlans.
func (h *host) links() (ports int, strays []string) {
	h.lan.Host.Netlink(func(nl *netlink.Handle) error {
		links, err := dump(nl.LinkList)
		for _, l := range links {
			switch a := l.Attrs(); {
			case slices.Contains([]string{"lo", testlan.HostBridge, "up0", testlan.HostNIC}, a.Name):
			case l.Type() == "veth" && a.MasterIndex != 0:
				ports++
			default:
				strays = append(strays, a.Name)
			}
		}
		return err
	})
	return ports, strays
}
