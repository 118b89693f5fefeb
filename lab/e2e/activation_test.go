// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// leased is started by the first container, stays while there is a lease, ends without
// one, and is started by the next container.
func TestIdle(t *testing.T) {
	s := begin(t)
	s.dropIn("idle", "ExecStart=\nExecStart=/usr/libexec/leased/leased --idle-timeout 1s")
	n := s.bridge()
	must(s, "systemctl", "restart", "leased.socket")
	ended := func() {
		eventually(s, 5*time.Second, "leased has ended", func() bool { return leasedPID(s) == "0" })
		equal(s, "the unit", try("systemctl", "is-active", "leased.service").out, "inactive")
		equal(s, "its result", must(s, "systemctl", "show", "-P", "Result", "leased.service"), "success")
		equal(s, "the socket", try("systemctl", "is-active", "leased.socket").out, "active")
	}
	ended()
	for range 2 {
		c := s.run("", "--network", n)
		pid, begun := leasedPID(s), time.Now()
		eventually(s, 5*time.Second, "two idle times", func() bool { return time.Since(begun) > 2*time.Second })
		equal(s, "leased's process, with a lease", leasedPID(s), pid)
		c.bound(n, "eth0")
		c.remove()
		ended()
	}
}

// renewed is a container with a lease that is renewed all the time.
func (s *scene) renewed() (c *container, check func()) {
	s.Helper()
	s.server(renewing("3", "10")...)
	n := s.bridge()
	c = s.run("renewed", "--network", n)
	e := c.bound(n, "eth0")
	return c, func() {
		s.Helper()
		s.heard(e.MacAddress, "ACK", s.count(e.MacAddress, "ACK")+2, 10*time.Second)
		equal(s, "the attachment", c.bound(n, "eth0"), e)
		equal(s, "DISCOVERs", s.count(e.MacAddress, "DISCOVER"), 1)
	}
}

// The socket is restarted, as an upgrade does: leased is, too, and goes on.
func TestSocketRestarted(t *testing.T) {
	s := begin(t)
	_, goesOn := s.renewed()
	pid := leasedPID(s)
	must(s, "systemctl", "restart", "leased.socket")
	waitLeased(s, pid)
	goesOn()
}

// A container's start waits for a lease meanwhile.
func TestSocketRestartedDuringAStart(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	s.noServer()
	c := &container{s, s.name}
	_, ended := s.waiting(c, "--network", n)
	must(s, "systemctl", "restart", "leased.socket")
	must(s, "lan", "server")
	if r := <-ended; r.code != 0 {
		t.Fatalf("podman run: %v", r)
	}
	c.bound(n, "eth0")
}

// With the socket leased stops, and with leases on disk it comes with it again: nobody
// else would renew them.
func TestSocketStopped(t *testing.T) {
	s := begin(t)
	c, goesOn := s.renewed()
	for range 2 {
		must(s, "systemctl", "stop", "leased.socket")
		equal(s, "leased's process", leasedPID(s), "0")
		must(s, "systemctl", "start", "leased.socket")
		waitLeased(s, "0")
		goesOn()
	}
	c.remove()
	s.noLeases()
	must(s, "systemctl", "restart", "leased.socket")
	must(s, "systemctl", "stop", "leased.socket")
	must(s, "systemctl", "start", "leased.socket")
	equal(s, "leased's process, without leases", leasedPID(s), "0")
}

// Stopped, it stays so until somebody calls: the next container's start, and it goes on
// with the leases of the others.
func TestServiceStopped(t *testing.T) {
	s := begin(t)
	_, goesOn := s.renewed()
	must(s, "systemctl", "stop", "leased.service")
	begun := time.Now()
	eventually(s, 5*time.Second, "ten times RestartSec=", func() bool { return time.Since(begun) > time.Second })
	equal(s, "leased's process", leasedPID(s), "0")
	n := s.bridge()
	s.run("next", "--network", n).bound(n, "eth0")
	goesOn()
}

// Somebody removes the socket's file. What the error says helps, or leased.socket's restart.
func TestSocketFileRemoved(t *testing.T) {
	s := begin(t)
	_, goesOn := s.renewed()
	n := s.bridge()
	if err := os.Remove("/run/leased/leased.sock"); err != nil {
		s.Fatal(err)
	}
	contains(s, "the error", s.runFails("", "--network", n), "leased does not listen on /run/leased/leased.sock", "leased.socket")
	must(s, "systemctl", "restart", "leased.socket")
	s.run("", "--network", n).bound(n, "eth0")
	goesOn()
}

// Under a short watchdog a leased at rest lives, and so does a busy one. One that is
// stuck does not, and its leases are the next one's.
func TestWatchdog(t *testing.T) {
	s := begin(t)
	s.quarrel = true // the dying leased says where it was
	must(s, "systemctl", "stop", "leased.service")
	s.dropIn("watchdog", "WatchdogSec=2s")
	_, goesOn := s.renewed()
	pid := leasedPID(s)
	var starts sync.WaitGroup
	n := s.bridge()
	for i := range 10 {
		starts.Go(func() { s.run(strconv.Itoa(i), "--network", n) })
	}
	starts.Wait()
	begun := time.Now()
	eventually(s, 10*time.Second, "three times WatchdogSec=", func() bool { return time.Since(begun) > 6*time.Second })
	equal(s, "leased's process", leasedPID(s), pid)
	number, _ := strconv.Atoi(pid)
	if err := syscall.Kill(number, syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	eventually(s, 10*time.Second, "another leased", func() bool { now := leasedPID(s); return now != pid && now != "0" })
	waitLeased(s, pid)
	contains(s, "the journal", s.journal(), "Watchdog timeout")
	goesOn()
}
