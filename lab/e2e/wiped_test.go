// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Somebody wipes what Podman has in /run and kills its containers. Nobody is left who
// would tell leased, which gives their leases back all the same.
func TestPodmanStateWiped(t *testing.T) {
	s := begin(t)
	all := map[*container]endpoint{}
	var pids []int
	for _, n := range []string{s.bridge("release=1s"), s.macvlan("release=1s")} {
		c := s.run(n, "--network", n)
		all[c] = c.bound(n, "eth0")
		pids = append(pids, c.pid())
	}
	killAll(s, "conmon")
	for _, pid := range pids {
		kill(s, pid)
	}
	wipe(s)
	for c, e := range all {
		s.says(e.MacAddress, append(dora(e.IPAddress, c.name), "RELEASE "+e.IPAddress)...)
	}
	s.noLeases()
	nothingLeft(s)
}

// wipe removes Podman's state of this boot, as rm -rf would, and its namespaces.
func wipe(s *scene) {
	s.Helper()
	unname(s)
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		if at := strings.Fields(line)[1]; strings.HasPrefix(at, "/run/containers/") {
			syscall.Unmount(at, syscall.MNT_DETACH)
		}
	}
	for _, dir := range []string{"/run/containers", "/run/libpod", "/run/crun"} {
		if err := os.RemoveAll(dir); err != nil {
			s.Error(err)
		}
	}
}

// unname takes the names of all containers' namespaces away.
func unname(s *scene) {
	s.Helper()
	names, _ := filepath.Glob("/run/netns/netns-*")
	for _, path := range names {
		err := syscall.Unmount(path, syscall.MNT_DETACH)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			s.Error(err)
		}
	}
}

// killAll kills all processes of a name.
func killAll(s *scene, name string) {
	s.Helper()
	for _, p := range processes() {
		if f := strings.Fields(p); len(f) == 3 && f[2] == name {
			pid, _ := strconv.Atoi(f[1])
			kill(s, pid)
		}
	}
}

// The names of the namespaces are gone, and the containers run on: so do their leases,
// over a restart of leased too, until they end.
func TestNetnsNamesWiped(t *testing.T) {
	s := begin(t)
	s.server(renewing("2", "3")...)
	all := s.pair()
	var processes []int
	for c := range all {
		processes = append(processes, c.pid())
	}
	unname(s)
	s.renewMore(all, 1)
	pid := leasedPID(s)
	must(s, "systemctl", "restart", "leased.service")
	waitLeased(s, pid)
	s.renewMore(all, 2)
	for _, process := range processes {
		kill(s, process)
	}
	for c, e := range all {
		s.heard(e.MacAddress, "RELEASE", 1, 5*time.Second)
		log := s.withRenewals(e.MacAddress, e.IPAddress, c.name, dora(e.IPAddress, c.name)...)
		s.says(e.MacAddress, append(log, "RELEASE "+e.IPAddress)...)
	}
	s.noLeases()
}

// renewMore waits until each has renewed n times more.
func (s *scene) renewMore(all map[*container]endpoint, n int) {
	s.Helper()
	_, before := s.acks()
	for _, e := range all {
		s.heard(e.MacAddress, "ACK", before[e.MacAddress]+n, 6*time.Second)
	}
}
