// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// machine is all that a scene could leave behind, in words.
func machine() []string {
	var all []string
	for what, pattern := range map[string]string{
		"link": "/sys/class/net/*", "netns": "/run/netns/*", "lease file": "/run/leased/leases/*", "memo": "/var/lib/leased/leases/*",
	} {
		paths, _ := filepath.Glob(pattern)
		for _, p := range paths {
			if text, _ := os.ReadFile(p); what == "memo" && strings.Contains(string(text), `"former":true`) {
				continue // says for a month which address the client had
			}
			all = append(all, what+" "+filepath.Base(p))
		}
	}
	all = append(all, processes()...)
	slices.Sort(all)
	return all
}

// ours are the programs that a container's life starts.
var ours = []string{"net-dhcp", "net-dhcp-hook", "netavark", "aardvark-dns", "conmon", "crun", "runc", "catatonit"}

// processes are those of ours, those in a container's netns, and the netns that
// somebody pins by a descriptor.
func processes() (all []string) {
	home, _ := os.Readlink("/proc/self/ns/net")
	router, _ := os.Stat("/run/netns/router")
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		comm, _ := os.ReadFile(dir + "/comm")
		name := strings.TrimSpace(string(comm))
		ns, err := os.Readlink(dir + "/ns/net")
		info, _ := os.Stat(dir + "/ns/net")
		foreign := err == nil && ns != home && !(router != nil && info != nil && os.SameFile(router, info))
		if slices.Contains(ours, name) || foreign {
			all = append(all, fmt.Sprintf("process %s %s", filepath.Base(dir), name))
		}
		if name == "leased" {
			all = append(all, pinned(dir, home)...)
		}
	}
	return all
}

func pinned(dir, home string) (all []string) {
	fds, _ := filepath.Glob(dir + "/fd/*")
	for _, fd := range fds {
		if to, _ := os.Readlink(fd); strings.HasPrefix(to, "net:") && to != home {
			all = append(all, "descriptor of leased: "+to)
		}
	}
	return all
}

// empty is the machine without containers, as TestMain has seen it.
var empty []string

// nothingLeft checks that the machine is as it was before all scenes, but for what
// is named. Of what is left only the scene that left it hears.
func nothingLeft(t testing.TB, but ...string) {
	t.Helper()
	want := slices.Sorted(slices.Values(append(but, empty...)))
	var now []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if now = machine(); slices.Equal(now, want) {
			return
		}
	}
	for _, x := range now {
		if !slices.Contains(want, x) {
			t.Errorf("left behind: %s", x)
		}
	}
	for _, x := range want {
		if !slices.Contains(now, x) {
			t.Errorf("gone: %s", x)
		}
	}
	empty = now
}
