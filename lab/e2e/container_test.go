// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

const image = "localhost/busybox:latest"

// container is one of a scene's.
type container struct {
	s    *scene
	name string
}

// run starts a container that sleeps. Its name is the scene's, and suffix.
func (s *scene) run(suffix string, args ...string) *container {
	s.Helper()
	c := &container{s, s.name + suffix}
	must(s, "podman", c.command(args...)...)
	return c
}

// runFails is run for what must fail, with one line; it returns that line.
func (s *scene) runFails(suffix string, args ...string) string {
	s.Helper()
	c := &container{s, s.name + suffix}
	r := try("podman", c.command(args...)...)
	s.failed(r)
	must(s, "podman", "rm", "-f", "-t", "0", c.name)
	return r.err
}

// failed checks that a podman has failed with one line.
func (s *scene) failed(r result) {
	s.Helper()
	if r.code == 0 || strings.Count(r.err, "\n") > 0 || !strings.Contains(r.err, "net-dhcp: ") {
		s.Errorf("want an error of one line, of net-dhcp, got %v", r)
	}
}

func (c *container) command(args ...string) []string {
	args = append([]string{"run", "-d", "--name", c.name}, args...)
	return append(args, image, "sleep", "1000")
}

// inspected is what we want of podman inspect.
type inspected struct {
	ID    string `json:"Id"`
	State struct {
		Pid    int
		Status string
	}
	NetworkSettings struct{ Networks map[string]endpoint }
}

// endpoint is how Podman sees an attachment.
type endpoint struct {
	IPAddress   string
	IPPrefixLen int
	Gateway     string
	MacAddress  string
}

func (c *container) inspect() inspected {
	c.s.Helper()
	return mustJSON[[]inspected](c.s, "podman", "inspect", c.name)[0]
}

func (c *container) endpoint(network string) endpoint {
	c.s.Helper()
	return c.inspect().NetworkSettings.Networks[network]
}

func (c *container) pid() int {
	c.s.Helper()
	return c.inspect().State.Pid
}

func (c *container) exec(args ...string) string {
	c.s.Helper()
	return must(c.s, "podman", append([]string{"exec", c.name}, args...)...)
}

func (c *container) remove() {
	c.s.Helper()
	must(c.s, "podman", "rm", "-f", "-t", "0", c.name)
}

// in is a command line for the container's netns, with the machine's own tools.
func in(pid int, args ...string) []string {
	return append([]string{"--net=/proc/" + strconv.Itoa(pid) + "/ns/net", "--"}, args...)
}

// ping pings an address from the LAN.
func ping(t testing.TB, addr string) {
	t.Helper()
	ask := func() result {
		return try("nsenter", "--net=/run/netns/router", "--", "ping", "-c", "1", "-W", "2", addr)
	}
	r := ask()
	for range 2 { // duplicate address detection of IPv6 may hold up the first answer for as long
		if r.code != 0 && strings.Contains(addr, ":") {
			r = ask()
		}
	}
	if r.code != 0 {
		t.Errorf("no answer from %s to the LAN's ping: %v", addr, r)
	}
}

// reaches pings an address from the container.
func (c *container) reaches(addr string) bool {
	c.s.Helper()
	return try("nsenter", in(c.pid(), "ping", "-c", "1", "-W", "1", addr)...).code == 0
}

func (c *container) String() string { return fmt.Sprintf("container %s", c.name) }
