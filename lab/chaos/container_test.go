// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/lab/testlan"
)

// container is a network namespace that joins the host's bridge. Its name gives it
// its MAC: made anew it is the same client.
type container struct {
	h       *host
	ns      *testlan.NS
	at      leaseapi.Attachment
	mac     string
	options map[string]string
}

func (h *host) container(name, release string) *container {
	h.t.Helper()
	h.count++
	c := &container{h: h, ns: h.lan.Container(), options: map[string]string{"bridge": testlan.HostBridge, "release": release, "conflict_check": "off"}}
	c.at = leaseapi.Attachment{ContainerID: fmt.Sprintf("%s-%d", name, h.count), ContainerName: name, Network: "lan", Interface: "eth0"}
	o, err := options.Parse(c.options)
	must(h.t, err)
	mac, err := o.LinkMAC(options.Identity{Network: "lan", Container: name, Interface: "eth0"})
	must(h.t, err)
	c.mac = mac.String()
	h.story.add("%s is made: MAC %s, release %s", c.at.ContainerID, c.mac, release)
	return c
}

// remove deletes the container's namespace, as its runtime does when it dies.
func (c *container) remove() {
	c.h.story.add("%s is removed", c.at.ContainerID)
	c.ns.Delete()
}

// caller is a process that joins or leaves for a container.
type caller struct {
	cmd   *exec.Cmd
	mark  int
	ended chan struct{}
	err   error // once ended is closed
}

func (c *container) join() *caller  { return c.call(order{}) }
func (c *container) leave() *caller { return c.call(order{Leave: true}) }

func (c *container) call(o order) *caller {
	c.h.t.Helper()
	o.Attachment, o.Netns, o.Options = c.at, c.ns.Path, c.options
	text, err := json.Marshal(o)
	must(c.h.t, err)
	r, w, err := os.Pipe()
	must(c.h.t, err)
	cmd := exec.Command("/proc/self/exe")
	cmd.Stderr = w
	cmd.Env = append(os.Environ(), asCaller+"="+string(text), "LEASED_SOCKET="+c.h.path)
	k := &caller{cmd: cmd, mark: c.h.story.mark(), ended: make(chan struct{})}
	who := map[bool]string{false: "joins", true: "leaves"}[o.Leave]
	c.h.story.add("%s %s", c.at.ContainerID, who)
	c.h.lan.Host.Start(cmd)
	w.Close()
	told := c.h.story.follow(c.at.ContainerID, r)
	go func() {
		<-told
		k.err = cmd.Wait()
		c.h.story.add("%s %s: %v", c.at.ContainerID, who, cmd.ProcessState)
		close(k.ended)
	}()
	c.h.t.Cleanup(func() { _ = cmd.Process.Kill(); <-k.ended })
	return k
}

// done waits for the caller's end, which has to be a success.
func (k *caller) done(t *testing.T, what string) {
	t.Helper()
	if <-k.ended; k.err != nil {
		t.Errorf("%s: %v", what, k.err)
	}
}

// killed kills a caller, as a runtime that gives up does.
func (k *caller) killed() {
	_ = k.cmd.Process.Kill()
	<-k.ended
}
