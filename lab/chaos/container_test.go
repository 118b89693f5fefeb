// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/lab/testlan"
)

// container is a network namespace that joins the LAN. Its name gives it its MAC: made
// again it is the same client.
type container struct {
	h       *host
	ns      *testlan.NS
	at      leaseapi.Attachment
	mac     string
	options map[string]string
}

// The kinds of link, as options.
var (
	onBridge  = map[string]string{"bridge": testlan.HostBridge}
	onMacvlan = map[string]string{"parent": testlan.HostNIC}
)

func (h *host) container(name, release string) *container {
	h.t.Helper()
	return h.containerOn(onBridge, name, release)
}

func (h *host) containerOn(kind map[string]string, name, release string) *container {
	h.t.Helper()
	h.count++
	c := &container{h: h, ns: h.lan.Container(), options: maps.Clone(kind)}
	c.options["release"], c.options["conflict_check"] = release, "off"
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

// document returns a file with the document that netavark gives the plugin on stdin.
func (c *container) document() *os.File {
	c.h.t.Helper()
	b, err := json.Marshal(map[string]any{
		"container_id": c.at.ContainerID, "container_name": c.at.ContainerName, "port_mappings": nil,
		"network":         map[string]any{"name": c.at.Network, "id": "766c22d94b0c", "driver": "net-dhcp", "options": c.options},
		"network_options": map[string]any{"interface_name": c.at.Interface},
	})
	must(c.h.t, err)
	r, w, err := os.Pipe()
	must(c.h.t, err)
	_, err = w.Write(b) // a pipe has room for it
	must(c.h.t, errors.Join(err, w.Close()))
	return r
}

// caller is the plugin, which sets a container's network up or tears it down.
type caller struct {
	cmd   *exec.Cmd
	mark  int
	ended chan struct{}
	err   error // once ended is closed
}

func (c *container) join() *caller  { return c.call("setup") }
func (c *container) leave() *caller { return c.call("teardown") }

func (c *container) call(verb string) *caller {
	c.h.t.Helper()
	r, w, err := os.Pipe()
	must(c.h.t, err)
	cmd := exec.Command(c.h.beside("netavark-plugin"), verb, c.ns.Path)
	// A setup that fails says so on stdout.
	document := c.document()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = document, w, w
	cmd.Env = append(os.Environ(), "LEASED_SOCKET="+c.h.path)
	k := &caller{cmd: cmd, mark: c.h.story.mark(), ended: make(chan struct{})}
	c.h.story.add("%s: %s", c.at.ContainerID, verb)
	c.h.lan.Host.Start(cmd)
	w.Close()
	document.Close()
	told := c.h.story.follow(c.at.ContainerID, r)
	go func() {
		<-told
		k.err = cmd.Wait()
		c.h.story.add("%s: %s: %v", c.at.ContainerID, verb, cmd.ProcessState)
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
