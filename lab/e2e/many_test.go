// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strconv"
	"sync"
	"testing"
)

// A host that boots starts all its containers at once.
func TestManyAtOnce(t *testing.T) {
	s := begin(t)
	networks := []string{s.bridge(), s.macvlan()}
	const n = 8
	var all sync.WaitGroup
	got := make([]result, n)
	for i := range n {
		c := &container{s, s.name + strconv.Itoa(i)}
		all.Go(func() { got[i] = try("podman", c.command("--network", networks[i%2])...) })
	}
	all.Wait()
	addrs := map[string]bool{}
	for i, r := range got {
		if r.code != 0 {
			s.Fatalf("podman run: %v", r)
		}
		c := &container{s, s.name + strconv.Itoa(i)}
		e := c.bound(networks[i%2], "eth0")
		s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
		addrs[e.IPAddress] = true
	}
	equal(s, "the number of addresses", len(addrs), n)
}
