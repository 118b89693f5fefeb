// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// defaults makes a network with all options as they are by default: what a container
// leaves behind is held for longer than a scene takes, and dropped at its end.
func (s *scene) defaults(on string, options ...string) string {
	s.Helper()
	args := []string{"-o", on}
	for _, o := range options {
		args = append(args, "-o", o)
	}
	s.Cleanup(func() { s.clear(); s.forget() })
	return s.network(args...)
}

// forget makes leased and the server forget all leases. There must be none but those
// that are held.
func (s *scene) forget() {
	s.Helper()
	for mac, st := range leases(s) {
		if st.State != "HELD" {
			s.Errorf("leased has %s still, %s", mac, st.State)
		}
	}
	must(s, "systemctl", "stop", "leased.service")
	for _, dir := range []string{"/run/leased/leases", "/var/lib/leased/leases"} {
		files, _ := filepath.Glob(dir + "/*.json")
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				s.Error(err)
			}
		}
	}
	must(s, "lan", "forget")
	must(s, "lan", "server")
}

// A container that is started again has its lease by two messages, and no server's
// ping check holds it up, as one does hold up a new container.
func TestRestartOfAContainer(t *testing.T) {
	s := begin(t)
	on := map[string]string{"bridge": s.defaults("bridge=br0"), "macvlan": s.defaults("parent=nic0")}
	s.quadlet("again.container", fmt.Sprintf("[Container]\nContainerName=%s\nImage=%s\nExec=sleep 1000\n"+
		"Network=%s\nPodmanArgs=--stop-signal=SIGKILL\n", s.name+"unit", image, on["bridge"]))
	must(s, "systemctl", "daemon-reload")
	s.Cleanup(func() { try("systemctl", "stop", "again.service") })
	unit := &container{s, s.name + "unit"}
	must(s, "systemctl", "start", "again.service")
	first := unit.bound(on["bridge"], "eth0")
	s.says(first.MacAddress, dora(first.IPAddress, unit.name)...)
	runs := map[*container]string{}
	for kind, n := range on {
		runs[s.run(kind, "--network", n)] = n
	}
	s.server("--ping")
	for c, n := range runs {
		e := c.endpoint(n)
		s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
		s.soon(c, n, func() { must(s, "podman", "restart", "-t", "0", c.name) })
		s.soon(c, n, func() {
			must(s, "podman", "stop", "-t", "0", c.name)
			equal(s, "leased's state", leases(s)[e.MacAddress].State, "HELD")
			must(s, "podman", "start", c.name)
		})
		s.soon(c, n, func() {
			c.remove()
			must(s, "podman", c.command("--network", n)...)
		})
		c.hasRoutes(viaEth0)
	}
	s.soon(unit, on["bridge"], func() { must(s, "systemctl", "restart", "again.service") })
	begun := time.Now()
	s.run("new", "--network", on["bridge"])
	if took := time.Since(begun); took < pingCheck {
		s.Errorf("a new container took %v: there is no ping check", took)
	}
}

// pingCheck is how long dnsmasq waits for an address to answer before it offers it.
const pingCheck = 3 * time.Second

// soon checks that a container that is started again is what it was, and that it took
// two messages, and them less time than a ping check.
func (s *scene) soon(c *container, network string, again func()) {
	s.Helper()
	e, process := c.endpoint(network), c.pid()
	again()
	if c.pid() == process {
		s.Errorf("%v is the same process", c)
	}
	equal(s, "the attachment", c.bound(network, "eth0"), e)
	s.says(e.MacAddress, back(e.IPAddress, c.name)...)
	var last []message
	for _, m := range s.messages() {
		if m.mac == e.MacAddress {
			last = append(last, m)
		}
	}
	if last = last[len(last)-2:]; last[1].at.Sub(last[0].at) >= 2*time.Second {
		s.Errorf("%v: the exchange took from %v to %v", c, last[0].at, last[1].at)
	}
}

// Nobody comes back: the lease is given back after the grace, from the container's
// MAC, whatever happens to leased meanwhile.
func TestHeldThenReleased(t *testing.T) {
	for name, disturb := range map[string]func(s *scene){
		"at-rest": func(*scene) {},
		"restarted": func(s *scene) {
			pid := leasedPID(s)
			must(s, "systemctl", "restart", "leased.service")
			waitLeased(s, pid)
			pid = leasedPID(s)
			must(s, "systemctl", "kill", "--signal", "KILL", "leased.service")
			waitLeased(s, pid)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			dump := s.capture()
			all := map[*container]endpoint{}
			for _, n := range []string{s.bridge("release=5s"), s.macvlan("release=5s")} {
				c := s.run(n, "--network", n)
				all[c] = c.bound(n, "eth0")
			}
			gone := time.Now()
			for c, e := range all {
				c.remove()
				s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
			}
			s.held(all)
			disturb(s)
			s.held(all)
			for _, e := range all {
				s.heard(e.MacAddress, "RELEASE", 1, 10*time.Second)
				s.says(e.MacAddress, "RELEASE "+e.IPAddress)
				frames := dump.of(e.MacAddress)
				equal(s, "the last frame", frames[len(frames)-1].ip, e.IPAddress+".68 > 192.0.2.1.67")
				equal(s, "the server's table", table(s)[e.MacAddress], entry{})
			}
			if took := time.Since(gone); took < 5*time.Second {
				s.Errorf("given back after %v", took)
			}
			s.noLeases()
		})
	}
}

// held checks that leased and the server have the leases of containers that are gone,
// and that no container has anything of them.
func (s *scene) held(all map[*container]endpoint) {
	s.Helper()
	now, at := leases(s), table(s)
	for c, e := range all {
		st := now[e.MacAddress]
		if st.State != "HELD" || st.Lease == nil || st.Lease.Address.String() != e.IPAddress+"/24" {
			s.Errorf("%v: leased has %+v", c, st)
		}
		equal(s, "the server's address", at[e.MacAddress].addr, e.IPAddress)
	}
	for _, x := range machine() {
		if kind, _, _ := strings.Cut(x, " "); kind == "netns" && x != "netns router" || kind == "descriptor" {
			s.Errorf("left of them: %s", x)
		}
	}
}
