// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

// newApart makes a client whose links are in namespaces of their own, as containers' are. Of two links to
// one subnet in a container leased would give only one the subnet.
func newApart(t *testing.T, replies []reply) *client {
	t.Helper()
	c := &client{t: t, name: "leased", lan: testlan.New(t)}
	c.plug(replies, c.lan.Container)
	return c
}

// leased starts leased, and a call for each link.
func leased(c *client) *answers {
	c.t.Helper()
	dir := c.t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "socket"), Net: "unix"})
	must(c.t, err)
	socket, err := l.File()
	must(c.t, err)
	defer socket.Close()
	l.SetUnlinkOnClose(false)
	must(c.t, l.Close())
	c.t.Setenv("LEASED_SOCKET", filepath.Join(dir, "socket"))
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, build(c.t),
		"--state-dir", filepath.Join(dir, "state"), "--memory-dir", filepath.Join(dir, "memory"))
	cmd.ExtraFiles = []*os.File{socket}
	c.run(c.lan.Host, cmd, filepath.Join(dir, "said"))
	return c.acquire()
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "leased")
	tags, err := exec.Command("make", "-s", "--no-print-directory", "-C", "../..", "tags").Output()
	must(t, err)
	cmd := exec.Command("go", "build", "-tags", strings.TrimSpace(string(tags)), "-o", program, "podman-net-dhcp/leased")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build leased: %v: %s", err, out)
	}
	return program
}

// answers are leased's, by reply.
type answers struct {
	all     sync.WaitGroup
	bound   []netip.Prefix
	got     []values
	refused []string // the error
}

// acquire asks for a lease for each link, all at once. Each link is on a LAN of its own as far as leased
// knows: the servers of one LAN have a say about how long a start waits for another.
func (c *client) acquire() *answers {
	a := &answers{bound: make([]netip.Prefix, len(c.links)), got: make([]values, len(c.links)), refused: make([]string, len(c.links))}
	for i := range c.links {
		a.all.Go(func() {
			lease, err := call(c.request(i))
			switch {
			case err != nil:
				a.refused[i] = err.Error()
			case lease != nil:
				a.bound[i], a.got[i] = lease.Address, granted(lease)
			}
		})
	}
	return a
}

func call(req leaseapi.AcquireRequest) (*leaseapi.Lease, error) {
	conn, err := leaseapi.Dial(context.Background())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.Acquire(context.Background(), req)
}

func (c *client) request(i int) leaseapi.AcquireRequest {
	l := c.links[i]
	return leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{ContainerID: fmt.Sprint("id", i), ContainerName: l.Name, Network: l.Name, Interface: l.Name},
		Link:       leaseapi.Link{Netns: l.NS.Path, Index: l.Index, MAC: l.MAC.String(), Host: l.Peer, MTU: 1500},
		Client:     leaseapi.Client{ClientID: "01" + hex.EncodeToString(l.MAC)},
		Policy: leaseapi.Policy{
			TimeoutMS: timeout.Milliseconds(), OnTimeout: "fail", Release: "never", ConflictCheck: "off",
		},
	}
}
