// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wayOfLife is all that the server may hear of a client: leases, each by four
// messages or by the two of one who comes back, and each given back once.
var wayOfLife = regexp.MustCompile(`^(DISCOVER OFFER REQUEST ACK (REQUEST ACK )*(RELEASE |$))+$`)

// Containers come and go under ever new names, by default options: a pool of 20
// addresses is enough for ever.
func TestComeAndGo(t *testing.T) {
	s := begin(t)
	runs := 60
	if os.Getenv("LAB_LONG") != "" {
		runs = 500
	}
	// What may be held is as much as there ever was at a time, for this leased.
	must(s, "systemctl", "stop", "leased.service")
	must(s, "lan", "forget")
	s.server("--dhcp-range=192.0.2.60,192.0.2.79,255.255.255.0,2m")
	networks := []string{s.defaults("bridge=br0"), s.defaults("parent=nic0")}
	var had, given []string
	for i := range runs {
		out := must(s, "podman", "run", "--rm", "--network", networks[i%2], image, "ip", "-4", "address", "show", "eth0")
		address := inet.FindStringSubmatch(out)
		if address == nil {
			s.Fatalf("run %d has no address: %s", i, out)
		}
		had = append(had, address[1])
	}
	kinds := map[string]string{}
	for _, m := range s.messages() {
		kinds[m.mac] += kindOf(m) + " "
		if kindOf(m) == "ACK" {
			given = append(given, strings.Fields(m.text)[1])
		}
	}
	if !slices.Equal(had, given) {
		s.Errorf("the containers had\n%s, and the server has given\n%s", had, given)
	}
	for mac, all := range kinds {
		if !wayOfLife.MatchString(all) {
			s.Errorf("the server's log of %s: %s", mac, all)
		}
	}
	if strings.Contains(strings.Join(logLines(s)[s.mark:], "\n"), "no address") {
		s.Error("the pool was empty at some time")
	}
	s.holdsAtMost(8)
}

// kindOf is the first word of a message: ACK.
func kindOf(m message) string {
	kind, _, _ := strings.Cut(m.text, " ")
	return kind
}

var inet = regexp.MustCompile(`inet ([0-9.]+)/24 `)

// holdsAtMost checks that leased holds as many leases on each LAN, and no more.
func (s *scene) holdsAtMost(n int) {
	s.Helper()
	on := map[string]int{}
	for mac, st := range leases(s) {
		on[st.Link.Host]++
		equal(s, "the state of "+mac, st.State, "HELD")
	}
	for host, held := range on {
		if held > n {
			s.Errorf("%d are held on %s", held, host)
		}
	}
	if len(on) == 0 {
		s.Error("none is held")
	}
}

// Whatever leased has opened for a start is closed soon, so that nothing of a
// container outlives it.
func TestNothingPinned(t *testing.T) {
	s := begin(t)
	networks := []string{s.defaults("bridge=br0"), s.defaults("parent=nic0")}
	s.run("first", "--network", networks[0]).remove() // and what is opened once and for all
	before := opened(s)
	all := s.many(20, networks)
	eventually(s, 3*time.Second, "no descriptor that was not there before", func() bool { return len(more(opened(s), before)) == 0 })
	for _, c := range all {
		for _, kind := range []string{"packet", "udp", "raw"} {
			sockets, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", c.pid(), kind))
			equal(s, kind+" sockets", strings.Count(string(sockets), "\n"), 1) // the heading
		}
	}
	for _, runtime := range runtimes {
		s.diesAtOnce(runtime)
	}
}

func (s *scene) diesAtOnce(runtime string) {
	s.Helper()
	before, _ := filepath.Glob("/sys/class/net/*")
	o := s.bundle(runtime, "bridge=br0", "release=20s")
	o.edit(func(c map[string]any) { delete(c["hooks"].(map[string]any), "poststop") })
	o.start()
	st := o.leased("eth0")
	made, _ := filepath.Glob("/sys/class/net/*")
	equal(s, "links made", len(made)-len(before), 1)
	kill(s, o.pid())
	// The kernel takes a fraction of a second for it, and longer on a host under load.
	eventually(s, 3*time.Second, "the veth is gone", func() bool {
		now, _ := filepath.Glob("/sys/class/net/*")
		return slices.Equal(now, before)
	})
	eventually(s, 3*time.Second, "the lease is held", func() bool { return leases(s)[st.Link.MAC].State == "HELD" })
}

// opened are the descriptors of leased, in the kernel's words.
func opened(t testing.TB) (all []string) {
	t.Helper()
	fds, _ := filepath.Glob("/proc/" + leasedPID(t) + "/fd/*")
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil {
			all = append(all, to)
		}
	}
	return all
}

// more are those of now that are not among before.
func more(now, before []string) (all []string) {
	left := map[string]int{}
	for _, x := range before {
		left[x]++
	}
	for _, x := range now {
		if left[x]--; left[x] < 0 {
			all = append(all, x)
		}
	}
	return all
}

// many runs n containers, four at a time, on the networks by turns.
func (s *scene) many(n int, networks []string) (all []*container) {
	s.Helper()
	var running sync.WaitGroup
	room := make(chan struct{}, 4)
	got := make([]result, n)
	for i := range n {
		c := &container{s, fmt.Sprintf("%s%d", s.name, i)}
		all = append(all, c)
		room <- struct{}{}
		running.Go(func() {
			got[i] = try("podman", c.command("--network", networks[i%len(networks)])...)
			<-room
		})
	}
	running.Wait()
	for _, r := range got {
		if r.code != 0 {
			s.Fatalf("podman run: %v", r)
		}
	}
	return all
}
