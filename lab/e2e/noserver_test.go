// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestNoServer(t *testing.T) {
	s := begin(t)
	s.noServer()
	for on, n := range map[string]string{"br0": s.bridge("lease_timeout=2s"), "nic0": s.macvlan("lease_timeout=2s")} {
		begun := time.Now()
		err := s.runFails("", "--network", n)
		contains(s, "the error", err, "no DHCP server answered on "+on+" within 2s", " container asked as ", "journalctl -u leased")
		if took := time.Since(begun); took < 2*time.Second || took > 4*time.Second {
			s.Errorf("it took %v", took)
		}
		nothingLeft(s)
	}
}

// waiting starts a container in the background, in a process group of its own as a
// terminal's would be, and waits until leased asks for a lease.
func (s *scene) waiting(c *container, args ...string) (cmd *exec.Cmd, ended chan result) {
	s.Helper()
	cmd = exec.Command("podman", c.command(args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ended = make(chan result, 1)
	go func() { ended <- finish(cmd) }()
	eventually(s, 5*time.Second, "leased asks for a lease", func() bool {
		for _, st := range leases(s) {
			if st.Attachment.ContainerName == c.name && st.State == "SELECTING" {
				return true
			}
		}
		return false
	})
	return cmd, ended
}

func TestServerComesInTime(t *testing.T) {
	s := begin(t)
	s.noServer()
	n := s.bridge()
	c := &container{s, s.name}
	_, ended := s.waiting(c, "--network", n)
	s.server()
	if r := <-ended; r.code != 0 {
		s.Fatalf("podman run: %v", r)
	}
	e := c.bound(n, "eth0")
	s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
}

func TestContinueWithoutServer(t *testing.T) {
	s := begin(t)
	s.noServer()
	n := s.bridge("on_timeout=continue", "lease_timeout=1s")
	c := s.run("", "--network", n)
	e := c.endpoint(n)
	equal(s, "podman's address", e.IPAddress, "")
	equal(s, "the kernel's addresses", len(c.link("eth0").ipv4()), 0)
	s.server()
	mac := c.link("eth0").Address
	eventually(s, 20*time.Second, "an address in the container", func() bool { return len(c.link("eth0").ipv4()) == 1 })
	addr := table(s)[mac].addr
	equal(s, "the kernel's addresses", c.link("eth0").ipv4(), []string{addr + "/24"})
	c.hasRoutes(viaEth0)
	ping(s, addr)
	s.says(mac, dora(addr, c.name)...)
	c.remove()
	s.says(mac, "RELEASE "+addr)
}

// Who gives up has nothing left behind, and can try again.
func TestInterrupted(t *testing.T) {
	for name, interrupt := range map[string]func(s *scene, cmd *exec.Cmd){
		"ctrl-c": func(s *scene, cmd *exec.Cmd) { syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) },
		"kill9":  func(s *scene, _ *exec.Cmd) { kill(s, plugin(s)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			for _, n := range []string{s.bridge(), s.macvlan()} {
				must(s, "lan", "stop")
				c := &container{s, s.name + n}
				cmd, ended := s.waiting(c, "--network", n)
				interrupt(s, cmd)
				if r := <-ended; r.code == 0 {
					s.Errorf("podman run has succeeded: %v", r)
				}
				nothingLeft(s)
				s.noLeases()
				try("podman", "rm", "-f", "-t", "0", c.name)
				s.server()
				c = s.run(n, "--network", n)
				e := c.bound(n, "eth0")
				s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
				c.remove()
			}
		})
	}
}

// plugin is the process of our plugin.
func plugin(s *scene) int {
	s.Helper()
	comms, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, f := range comms {
		if comm, _ := os.ReadFile(f); strings.TrimSpace(string(comm)) == "net-dhcp" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
			return pid
		}
	}
	s.Fatal("net-dhcp does not run")
	return 0
}
