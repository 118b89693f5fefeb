// SPDX-License-Identifier: Apache-2.0

package skew_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

// host is a machine on a LAN with this leased on it.
type host struct {
	*testing.T
	dir    string // of the programs
	lan    *testlan.LAN
	server *testlan.Dnsmasq
	socket string // of leased
	old    *oldLeased
	before *oldLeased // one that makes links, of before owners
}

// newHost starts it. Its tests cannot be parallel: LEASED_SOCKET is in the environment.
func newHost(t *testing.T, programs string) *host {
	t.Helper()
	lan, dir := testlan.New(t), t.TempDir()
	h := &host{T: t, dir: programs, lan: lan, socket: filepath.Join(dir, "socket")}
	h.server = lan.Dnsmasq("--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,255.255.255.0,2m")
	t.Setenv("LEASED_SOCKET", h.socket)
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	etc := filepath.Join(dir, "etc")
	must(t, os.Mkdir(etc, 0o755))
	must(t, os.WriteFile(filepath.Join(etc, "policy.conf"), []byte("hook bridge="+testlan.HostBridge+" hostname=any\n"), 0o644))
	cmd := exec.Command(filepath.Join(programs, "leased"), "--log-level", "debug", "--policy-dir", etc,
		"--state-dir", filepath.Join(dir, "state"), "--memory-dir", filepath.Join(dir, "memory"))
	cmd.Stderr = log
	lan.Host.Start(cmd)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("leased:\n%s", text)
		}
	})
	testlan.Eventually(t, "leased listens", func() bool { _, err := os.Stat(h.socket); return err == nil })
	h.old, h.before = newOldLeased(t, h.socket, newMethods...), newOldLeased(t, h.socket)
	return h
}

// in is the host in a subtest.
func (h host) in(t *testing.T) *host {
	h.T = t
	return &h
}

// build makes the programs of this tree.
func build(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, pkg := range map[string]string{
		"leased": "leased", "helper": "leased/helper", "netavark-plugin": "netavark-plugin", "libexec/leased/net-dhcp": "netavark-plugin/full", "oci-hook": "oci-hook",
	} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), "podman-net-dhcp/"+pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v: %s", pkg, err, out)
		}
	}
	return dir
}

// run runs a program in the host's namespace, with a socket of leased's. Its error has the
// program's words.
func (h *host) run(socket, stdin string, argv ...string) error {
	h.Helper()
	_, wait := h.start(socket, stdin, argv...)
	return wait()
}

func (h *host) start(socket, stdin string, argv ...string) (cmd *exec.Cmd, wait func() error) {
	h.Helper()
	in, document, err := os.Pipe()
	must(h, err)
	_, err = document.WriteString(stdin) // a pipe has room for it
	must(h, err)
	document.Close()
	out, w, err := os.Pipe()
	must(h, err)
	cmd = exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, w, w
	cmd.Env = append(os.Environ(), "LEASED_SOCKET="+socket)
	h.lan.Host.Start(cmd)
	in.Close()
	w.Close()
	return cmd, func() error {
		said, _ := io.ReadAll(out)
		out.Close()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%w: %s", err, said)
		}
		return nil
	}
}

// list is what leased lists.
func (h *host) list() (list []leaseapi.Status) {
	h.Helper()
	conn, err := leaseapi.Dial(context.Background())
	must(h, err)
	defer conn.Close()
	must(h, conn.List(context.Background(), func(s leaseapi.Status) error { list = append(list, s); return nil }))
	return list
}

// links are the names of the links in a namespace, but lo and those of the LAN.
func links(ns *testlan.NS) (names []string) {
	ns.Netlink(func(nl *netlink.Handle) error {
		all, err := nl.LinkList()
		for _, l := range all {
			if name := l.Attrs().Name; !slices.Contains([]string{"lo", testlan.HostBridge, "up0", testlan.HostNIC}, name) {
				names = append(names, name)
			}
		}
		return err
	})
	return names
}

// settle waits until there is nothing wrong.
func (h *host) settle(look func() (wrong []string)) {
	h.Helper()
	var wrong []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if wrong = look(); len(wrong) == 0 {
			return
		}
	}
	h.Errorf("not as it ought to be: %s", strings.Join(wrong, "; "))
}

// nothingLeft checks that nothing of a container is left, but its namespace if that is there.
func (h *host) nothingLeft(c *container) {
	h.Helper()
	h.settle(func() (wrong []string) {
		if _, err := os.Stat(c.ns.Path); err == nil {
			if names := links(c.ns); len(names) > 0 {
				wrong = append(wrong, fmt.Sprintf("in the container is %q", names))
			}
		}
		if names := links(h.lan.Host); len(names) > 0 {
			wrong = append(wrong, fmt.Sprintf("on the host is %q", names))
		}
		if list := h.list(); len(list) > 0 {
			wrong = append(wrong, fmt.Sprintf("leased has %+v", list))
		}
		if leases := h.server.Leases(); len(leases) > 0 {
			wrong = append(wrong, fmt.Sprintf("the server has %v", leases))
		}
		return wrong
	})
}

// bound checks that a container has its one link with the server's address, and that leased
// lists it.
func (h *host) bound(c *container) {
	h.Helper()
	h.settle(func() (wrong []string) {
		if names := links(c.ns); !slices.Equal(names, []string{"eth0"}) {
			return []string{fmt.Sprintf("in the container is %q", names)}
		}
		given, list := slices.Collect(maps.Values(h.server.Leases())), h.list()
		if len(given) != 1 || len(list) != 1 {
			return []string{fmt.Sprintf("the server has %q, leased %+v", given, list)}
		}
		if have := c.ns.Run("ip", "-4", "-brief", "address", "show", "eth0"); !strings.Contains(have, " "+given[0]+"/24") {
			wrong = append(wrong, fmt.Sprintf("the server gave %s, the container has %s", given[0], have))
		}
		have := list[0].Attachment
		if have.Owner = ""; have != c.at || list[0].State != "BOUND" {
			wrong = append(wrong, fmt.Sprintf("leased has %+v", list[0]))
		}
		return wrong
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
