// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

const hookPath = "/usr/libexec/oci/hooks.d/net-dhcp-hook"

// oci is a container of crun or runc on its own: a bundle with our hooks in it.
type oci struct {
	s           *scene
	runtime, id string
	dir         string
	root        string // the runtime's directory; empty: its own
}

// bundle makes one that sleeps, with these annotations (KEY=VALUE, without
// io.leased).
func (s *scene) bundle(runtime string, annotations ...string) *oci {
	s.Helper()
	o := &oci{s: s, runtime: runtime, id: s.name + "-" + runtime, dir: s.TempDir()}
	must(s, "image", "bundle", o.dir)
	s.Cleanup(func() { o.do("kill", "KILL"); o.do("delete", "--force") })
	o.edit(func(config map[string]any) {
		set := map[string]string{"io.leased.release": "now"}
		for _, a := range annotations {
			key, value, _ := strings.Cut(a, "=")
			set["io.leased."+key] = value
		}
		config["annotations"], config["hostname"] = set, o.id
		config["process"].(map[string]any)["args"] = []string{"sleep", "1000"}
		hook := func(stage string) any {
			return []any{map[string]any{"path": hookPath, "args": []string{"net-dhcp-hook", stage}, "timeout": 60}}
		}
		config["hooks"] = map[string]any{"createRuntime": hook("createRuntime"), "poststop": hook("poststop")}
	})
	return o
}

func (o *oci) edit(change func(config map[string]any)) {
	o.s.Helper()
	path := filepath.Join(o.dir, "config.json")
	text, err := os.ReadFile(path)
	config := map[string]any{}
	if err == nil {
		err = json.Unmarshal(text, &config)
	}
	if err == nil {
		change(config)
		text, err = json.Marshal(config)
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		o.s.Fatal(err)
	}
}

// do runs a verb of the runtime. Its output is a file: the container has it, too.
func (o *oci) do(verb string, args ...string) result {
	log := filepath.Join(o.dir, "log")
	argv := append(o.command(), verb)
	switch verb {
	case "delete":
		argv = append(append(argv, args...), o.id)
	default:
		argv = append(append(argv, o.id), args...)
	}
	r := try("sh", "-c", "cd "+o.dir+" && "+strings.Join(argv, " ")+" </dev/null >"+log+" 2>&1")
	text, _ := os.ReadFile(log)
	r.err = strings.TrimSpace(string(text))
	return r
}

func (o *oci) command() []string {
	if o.root == "" {
		return []string{o.runtime}
	}
	return []string{o.runtime, "--root", o.root}
}

func (o *oci) must(verb string, args ...string) {
	o.s.Helper()
	if r := o.do(verb, args...); r.code != 0 {
		o.s.Fatalf("%s %s: %v", o.runtime, verb, r)
	}
}

// start is create and start.
func (o *oci) start() {
	o.s.Helper()
	o.must("create")
	o.must("start")
}

func (o *oci) pid() int {
	o.s.Helper()
	command := append(o.command(), "state", o.id)
	return mustJSON[struct{ Pid int }](o.s, command[0], command[1:]...).Pid
}

// ipv4 are the addresses of an interface, seen from inside.
func (o *oci) ipv4(ifname string) []string {
	o.s.Helper()
	return mustJSON[[]link](o.s, "nsenter", in(o.pid(), "ip", "-j", "-d", "address", "show", "dev", ifname)...)[0].ipv4()
}

// hookLog is what the hook has logged of the container.
func (o *oci) hookLog() string {
	return try("journalctl", "-t", "net-dhcp-hook", "CONTAINER_ID="+o.id, "--no-pager").out
}

// lease is what leased has of a container's interface; nil: none.
func (s *scene) lease(id, ifname string) *leaseapi.Status {
	s.Helper()
	for _, st := range parseLines[leaseapi.Status](s, must(s, "leased", "ls", "--json")) {
		if st.Attachment.ContainerID == id && st.Attachment.Interface == ifname {
			return &st
		}
	}
	return nil
}

// leased must have a lease of it, and the kernel the same.
func (o *oci) leased(ifname string) leaseapi.Status {
	o.s.Helper()
	st := o.s.lease(o.id, ifname)
	if st == nil || st.Lease == nil {
		o.s.Fatalf("leased has no lease of %s", o.id)
	}
	equal(o.s, "address", o.ipv4(ifname), []string{st.Lease.Address.String()})
	return *st
}

// bare is an address without its prefix length.
func bare(st leaseapi.Status) string { return st.Lease.Address.Addr().String() }

// released waits until leased and the server know that the container is gone: a death in its first half second
// goes unseen until the conflict check is over.
func (s *scene) released(st leaseapi.Status) {
	s.Helper()
	s.heard(st.Link.MAC, "RELEASE "+bare(st), 1, 3*time.Second)
	eventually(s, 3*time.Second, "leased knows of the end", func() bool {
		return s.lease(st.Attachment.ContainerID, st.Attachment.Interface) == nil
	})
}

func resolvConf(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "rootfs/etc/resolv.conf"))
	return fmt.Sprint(string(text), err)
}
