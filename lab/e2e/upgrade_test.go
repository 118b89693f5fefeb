// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// leased is restarted, and then another binary of it, while 50 containers talk and others
// start: not a packet is lost, no start fails, and all of them renew afterwards.
func TestRestartUnderFifty(t *testing.T) {
	s := begin(t)
	s.server(renewing("3", "10")...)
	networks := []string{s.bridge()}
	all := s.many(50, networks)
	var talks []*talk
	macs := map[string]string{}
	for _, in := range inspect(s, all) {
		e := in.NetworkSettings.Networks[networks[0]]
		macs[e.MacAddress] = e.IPAddress
		talks = append(talks, s.talk(in.State.Pid))
	}
	equal(s, "the number of addresses", len(macs), 50)
	for _, change := range []func(){func() {}, func() { upgrade(s) }} {
		whileStarting(s, func() {
			change()
			pid := leasedPID(s)
			must(s, "systemctl", "restart", "leased.service")
			waitLeased(s, pid)
		}, []string{"--network", networks[0]})
		s.allRenew(macs)
	}
	for _, talk := range talks {
		talk.wasWhole()
	}
	now := leases(s)
	for mac, addr := range macs {
		equal(s, "leased's address", now[mac].Lease.Address.String(), addr+"/24")
	}
}

// upgrade puts another file in place of leased, as a package manager does.
func upgrade(s *scene) {
	s.Helper()
	const at = "/usr/libexec/leased/leased"
	before, err := os.Stat(at)
	if err != nil {
		s.Fatal(err)
	}
	must(s, "cp", at, at+".new")
	must(s, "mv", at+".new", at)
	if after, err := os.Stat(at); err != nil || os.SameFile(before, after) {
		s.Fatalf("it is the same file: %v", err)
	}
}

var onlyRenewals = regexp.MustCompile(`^DISCOVER OFFER REQUEST ACK (REQUEST (ACK )?)+$`)

// allRenew waits until all have renewed twice more: of the first REQUEST the leased
// from before may have heard the ACK. None of them has asked for a new lease.
func (s *scene) allRenew(macs map[string]string) {
	s.Helper()
	_, begun := s.acks()
	eventually(s, 12*time.Second, "all renew", func() bool {
		_, now := s.acks()
		for mac := range macs {
			if now[mac] < begun[mac]+2 {
				return false
			}
		}
		return true
	})
	said, _ := s.acks()
	for mac := range macs {
		if !onlyRenewals.MatchString(said[mac]) {
			s.Errorf("the server's log of %s: %s", mac, said[mac])
		}
	}
}

// acks is the server's log by MAC, in single words, and the number of ACKs in it.
func (s *scene) acks() (said map[string]string, n map[string]int) {
	s.Helper()
	said, n = map[string]string{}, map[string]int{}
	for _, m := range s.messages() {
		kind := kindOf(m)
		said[m.mac] += kind + " "
		if kind == "ACK" {
			n[m.mac]++
		}
	}
	return said, n
}

// talk is a ping from a container to the router, each 50 ms.
type talk struct {
	s    *scene
	cmd  *exec.Cmd
	read sync.WaitGroup
	seqs []int
}

var sequence = regexp.MustCompile(`icmp_seq=(\d+) ttl=`)

func (s *scene) talk(pid int) *talk {
	s.Helper()
	t := &talk{s: s, cmd: exec.Command("nsenter", in(pid, "ping", "-n", "-i", "0.05", router)...)}
	out, err := t.cmd.StdoutPipe()
	if err == nil {
		err = t.cmd.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	t.read.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := sequence.FindStringSubmatch(lines.Text()); m != nil {
				n, _ := strconv.Atoi(m[1])
				t.seqs = append(t.seqs, n)
			}
		}
	})
	s.Cleanup(t.end)
	return t
}

func (t *talk) end() {
	if t.cmd.ProcessState == nil {
		t.cmd.Process.Signal(syscall.SIGINT)
		t.read.Wait()
		t.cmd.Wait()
	}
}

// wasWhole ends it and checks that it was answered without a gap. The last one that
// was sent may have been under way.
func (t *talk) wasWhole() {
	t.s.Helper()
	t.end()
	if len(t.seqs) < 20 {
		t.s.Errorf("%d answers", len(t.seqs))
	}
	for i, seq := range t.seqs {
		if seq != i+1 {
			t.s.Errorf("after %d answers comes that to %d of %d", i, seq, t.seqs[len(t.seqs)-1])
			return
		}
	}
}

// inspect asks Podman about all of them at once.
func inspect(s *scene, all []*container) []inspected {
	s.Helper()
	args := []string{"inspect"}
	for _, c := range all {
		args = append(args, c.name)
	}
	return mustJSON[[]inspected](s, "podman", args...)
}
