// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// scene is one test with its networks and containers, named after it, and with
// what the server has heard of it.
type scene struct {
	*testing.T
	name    string
	begun   time.Time
	mark    int                 // where the server's log was
	said    map[string][]string // the server's log since, as asserted so far, by MAC
	made    int                 // networks
	quarrel bool                // leased may log errors
}

// begin begins a scene. At its end all it has made is removed, and nothing else
// must be left of it: no link, netns, lease, process.
func begin(t *testing.T) *scene {
	t.Helper()
	// "t-", for Podman has networks called bridge and private.
	name := "t-" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-"))
	s := &scene{T: t, name: name, begun: time.Now(), mark: len(logLines(t)), said: map[string][]string{}}
	t.Cleanup(func() {
		s.clear()
		s.silent()
		nothingLeft(s)
		s.calm()
		if t.Failed() {
			s.dump()
		}
	})
	return s
}

// network makes a network of our driver.
func (s *scene) network(args ...string) string {
	s.Helper()
	s.made++
	name := s.name
	if s.made > 1 {
		name = fmt.Sprintf("%s%d", s.name, s.made)
	}
	must(s, "podman", append(append([]string{"network", "create", "-d", "net-dhcp"}, args...), name)...)
	return name
}

// bridge makes a network on br0, macvlan one on nic0, each with -o for each option.
// Leases are given back at once, so that what a scene leaves behind shows; with
// release=… among the options that says when.
func (s *scene) bridge(options ...string) string {
	s.Helper()
	return s.network(opts("bridge=br0", options)...)
}

func (s *scene) macvlan(options ...string) string {
	s.Helper()
	return s.network(opts("parent=nic0", options)...)
}

func opts(first string, more []string) []string {
	args := []string{"-o", first, "-o", "release=now"}
	for _, o := range more {
		args = append(args, "-o", o)
	}
	return args
}

// clear removes the scene's pods, containers and networks.
func (s *scene) clear() {
	s.Helper()
	for _, kind := range []struct{ list, remove string }{
		{"pod ls --format {{.Name}}", "pod rm -f -t 0"},
		{"ps -a --format {{.Names}}", "rm -f -t 0"},
		{"network ls --format {{.Name}}", "network rm"},
	} {
		var mine []string
		for name := range strings.FieldsSeq(must(s, "podman", strings.Fields(kind.list)...)) {
			if strings.HasPrefix(name, s.name) {
				mine = append(mine, name)
			}
		}
		if len(mine) > 0 {
			must(s, "podman", append(strings.Fields(kind.remove), mine...)...)
		}
	}
}

// calm checks that leased has found nothing to complain about.
func (s *scene) calm() {
	s.Helper()
	for line := range strings.Lines(s.journal()) {
		if strings.Contains(line, "panic") || strings.Contains(line, "level=ERROR") && !s.quarrel {
			s.Errorf("leased logs: %s", strings.TrimSpace(line))
		}
	}
}

// journal is what leased has logged since the scene began.
func (s *scene) journal() string { return s.logOf("leased", "short-precise") }

func (s *scene) logOf(unit, format string) string {
	since := fmt.Sprintf("@%d.%06d", s.begun.Unix(), s.begun.Nanosecond()/1000)
	return try("journalctl", "-u", unit, "--no-pager", "-o", format, "--since", since).out
}

func (s *scene) dump() {
	s.Logf("the server's log:\n%s", strings.Join(logLines(s)[s.mark:], "\n"))
	s.Logf("leased's:\n%s", s.journal())
}
