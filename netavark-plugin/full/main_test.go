// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// The test binary is net-dhcp where it is called so.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "net-dhcp" {
		main()
	}
	testlan.Main(m)
}

// Each script in testdata runs the real main on a host with a bridge br0 that has
// the port port0, a NIC nic0 with an alternative name, and no default route.
func TestScripts(t *testing.T) {
	testlan.RequireRoot(t)
	host(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			bin := filepath.Join(env.WorkDir, "bin")
			env.Setenv("PATH", bin+":"+env.Getenv("PATH"))
			env.Setenv("LEASED_SOCKET", filepath.Join(env.WorkDir, "no.sock"))
			if err := os.Mkdir(bin, 0o755); err != nil {
				return err
			}
			if err := unix.Mkfifo(filepath.Join(env.WorkDir, "fifo"), 0o600); err != nil {
				return err
			}
			return os.Symlink(self, filepath.Join(bin, "net-dhcp"))
		},
	})
}

var makeHost = sync.OnceValue(func() error {
	for _, l := range []netlink.Link{
		&netlink.Bridge{LinkAttrs: named("br0")},
		&netlink.Veth{LinkAttrs: named("nic0"), PeerName: "lan0"},
		&netlink.Veth{LinkAttrs: named("port0"), PeerName: "lan1"},
	} {
		if err := netlink.LinkAdd(l); err != nil {
			return err
		}
		if err := netlink.LinkSetUp(l); err != nil {
			return err
		}
	}
	nic, err := netlink.LinkByName("nic0")
	if err != nil {
		return err
	}
	if err := netlink.LinkAddAltName(nic, "the-port-that-leads-to-the-lan"); err != nil {
		return err
	}
	br, err := netlink.LinkByName("br0")
	if err != nil {
		return err
	}
	port, err := netlink.LinkByName("port0")
	if err != nil {
		return err
	}
	return netlink.LinkSetMaster(port, br)
})

func host(t *testing.T) {
	t.Helper()
	if err := makeHost(); err != nil {
		t.Fatal(err)
	}
}

func named(name string) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name = name
	return a
}
