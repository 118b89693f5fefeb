// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var runtimes = []string{"crun", "runc"}

// each runs a scene on both runtimes, on their own.
func each(t *testing.T, f func(s *scene, runtime string)) {
	t.Helper()
	for _, r := range runtimes {
		t.Run(r, func(t *testing.T) { f(begin(t), r) })
	}
}

func TestHookUnderPodman(t *testing.T) {
	for where, annotation := range map[string]string{"bridge": "bridge=br0", "nic": "parent=nic0"} {
		t.Run(where, func(t *testing.T) {
			s := begin(t)
			s.server("--dhcp-option=option:dns-server,192.0.2.53", "--domain=lan.example")
			c := s.run("", "--network", "none", "--hostname", "box", "--annotation", "io.leased."+annotation, "--annotation", "io.leased.release=now")
			st := s.lease(c.inspect().ID, "eth0")
			if st == nil {
				t.Fatal("leased has no lease of it")
			}
			equal(s, "address", c.link("eth0").ipv4(), []string{st.Lease.Address.String()})
			c.hasRoutes("default via " + router + " dev eth0 metric 90")
			contains(s, "resolv.conf", c.exec("cat", "/etc/resolv.conf"), "search lan.example", "nameserver 192.0.2.53")
			ping(s, bare(*st))
			s.says(st.Link.MAC, dora(bare(*st), "box")...)
			must(s, "podman", "stop", "-t", "0", c.name)
			s.released(*st)
			s.says(st.Link.MAC, "RELEASE "+bare(*st))
			// The same container, started again, is the same client.
			must(s, "podman", "start", c.name)
			again := s.lease(c.inspect().ID, "eth0")
			if again == nil || again.Link.MAC != st.Link.MAC || again.Lease.Address != st.Lease.Address {
				t.Errorf("started again it has %+v, had %+v", again, st)
			}
			s.says(st.Link.MAC, comesBack(bare(*st), "box")...)
		})
	}
}

// In a user namespace the netns is owned by it; the hook and leased are not in it.
func TestHookInAUserNamespace(t *testing.T) {
	// What --userns=auto takes from: the ids of a user called containers.
	must(t, "useradd", "--system", "--no-create-home", "containers")
	t.Cleanup(func() { must(t, "userdel", "containers") })
	for _, f := range []string{"/etc/subuid", "/etc/subgid"} {
		if err := os.WriteFile(f, []byte("containers:200000:1000000\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, args := range map[string][]string{
		"auto": {"--userns", "auto"},
		"map":  {"--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.server("--dhcp-option=option:dns-server,192.0.2.53")
			c := s.run("", append(args, "--network", "none", "--annotation", "io.leased.bridge=br0", "--annotation", "io.leased.release=now")...)
			st := s.lease(c.inspect().ID, "eth0")
			if st == nil {
				t.Fatal("leased has no lease of it")
			}
			equal(s, "address", c.link("eth0").ipv4(), []string{st.Lease.Address.String()})
			contains(s, "resolv.conf", c.exec("cat", "/etc/resolv.conf"), "nameserver 192.0.2.53")
			c.remove()
			s.released(*st)
		})
	}
}

func TestHookInSteps(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		s.server("--dhcp-option=option:dns-server," + router)
		o := s.bundle(runtime, "bridge=br0")
		o.must("create")
		st := o.leased("eth0")
		contains(s, "resolv.conf", resolvConf(o.dir), "nameserver "+router)
		o.must("start")
		ping(s, bare(st))
		s.says(st.Link.MAC, dora(bare(st), o.id)...)
		o.must("kill", "KILL")
		s.released(st)
		s.says(st.Link.MAC, "RELEASE "+bare(st))
		eventually(s, 5*time.Second, "delete succeeds", func() bool { return o.do("delete").code == 0 })
		if r := o.do("delete"); r.code == 0 {
			s.Errorf("a second delete succeeds: %v", r)
		}
		s.says(st.Link.MAC)
	})
}

func TestHookRun(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		o := s.bundle(runtime, "parent=nic0")
		o.edit(func(c map[string]any) {
			c["process"].(map[string]any)["args"] = []string{"ip", "-4", "address", "show", "dev", "eth0"}
		})
		r := o.do("run")
		contains(s, "the container's output", r.err, "inet 192.0.2.")
		eventually(s, 3*time.Second, "the lease is given back", func() bool { return s.lease(o.id, "eth0") == nil })
	})
}

// Nobody calls poststop: the runtime is gone, and then the container dies.
func TestHookContainerDiesWithoutPoststop(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		for where, annotation := range map[string]string{"br0": "bridge=br0", "nic0": "parent=nic0"} {
			o := s.bundle(runtime, annotation)
			o.id += where
			o.start()
			st := o.leased("eth0")
			kill(s, o.pid())
			s.released(st)
			o.do("delete", "--force")
		}
	})
}

// The runtime is killed between create and start, and delete comes late.
func TestHookCreatedAndNeverStarted(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		o := s.bundle(runtime, "bridge=br0")
		o.must("create")
		st := o.leased("eth0")
		kill(s, o.pid()) // the runtime's half that waits for start
		s.released(st)
		o.must("delete", "--force")
		s.says(st.Link.MAC, append(dora(bare(st), o.id), "RELEASE "+bare(st))...)
	})
}

func TestHookSeveralNetworks(t *testing.T) {
	s := begin(t)
	o := s.bundle("crun", "name=web", "bridge=br0", "1.parent=nic0", "1.interface=lan0", "1.hostname=other", "1.release=now")
	o.start()
	first, second := o.leased("eth0"), o.leased("lan0")
	equal(s, "names", table(s)[first.Link.MAC].name+" "+table(s)[second.Link.MAC].name, "web other")
	if first.Link.MAC == second.Link.MAC || first.Lease.Address == second.Lease.Address {
		s.Errorf("both have %s", first.Lease.Address)
	}
	o.must("kill", "KILL")
	s.released(first)
	s.released(second)
}

// A container with a network of the plugin and one of the hook.
func TestHookBesideThePlugin(t *testing.T) {
	s := begin(t)
	network := s.bridge()
	c := s.run("", "--network", network, "--annotation", "io.leased.parent=nic0", "--annotation", "io.leased.interface=lan0",
		"--annotation", "io.leased.release=now")
	plugin, hook := s.lease(c.inspect().ID, "eth0"), s.lease(c.inspect().ID, "lan0")
	if plugin == nil || hook == nil {
		t.Fatalf("plugin %v, hook %v", plugin, hook)
	}
	ping(s, bare(*plugin))
	c.hasRoutes("default via "+router+" dev eth0 metric 90", "default via "+router+" dev lan0 metric 91")
	c.remove()
	s.released(*plugin)
	s.released(*hook)
}

// Without a server the start fails, with our line: runc shows it, crun does not,
// the journal has it for both.
func TestHookWithoutServer(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		s.noServer()
		s.quarrel = true
		o := s.bundle(runtime, "bridge=br0", "lease_timeout=1s")
		r := o.do("create")
		line := "net-dhcp-hook: " + o.id + ": eth0: no DHCP server answered on br0 within 1s"
		if r.code == 0 {
			s.Errorf("create succeeds: %v", r)
		}
		if runtime == "runc" {
			contains(s, "runc's output", r.err, line)
		}
		eventually(s, 5*time.Second, "the journal has: "+line, func() bool { // journald may be behind
			return strings.Contains(o.hookLog(), line)
		})
		o.do("delete", "--force")
		if s.lease(o.id, "eth0") != nil {
			s.Error("leased knows it still")
		}
	})
}

func TestPoststopOfAnUnknownContainer(t *testing.T) {
	s := begin(t)
	state := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(state, []byte(`{"ociVersion":"1.0","id":"nobody","status":"stopped","annotations":{"io.leased.bridge":"br0"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := try("sh", "-c", hookPath+" poststop <"+state); r.code != 0 || r.out+r.err != "" {
		s.Errorf("poststop: %v", r)
	}
}

// An image whose resolv.conf leads out of it.
func TestHookFollowsNoSymlinkOut(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		victim := filepath.Join(s.TempDir(), "victim")
		if err := os.WriteFile(victim, []byte("secret"), 0o600); err != nil {
			s.Fatal(err)
		}
		s.server("--dhcp-option=option:dns-server," + router)
		o := s.bundle(runtime, "bridge=br0")
		at := filepath.Join(o.dir, "rootfs/etc/resolv.conf")
		_ = os.Remove(at)
		if err := os.Symlink(strings.Repeat("../", 20)+victim, at); err != nil {
			s.Fatal(err)
		}
		o.start()
		text, _ := os.ReadFile(victim)
		equal(s, "what the symlink led to", string(text), "secret")
		contains(s, "resolv.conf", resolvConf(o.dir), "nameserver "+router)
	})
}

// containerd, with a configuration of its own making and our hooks in the spec.
func TestHookUnderContainerd(t *testing.T) {
	if release, _ := os.ReadFile("/etc/os-release"); !strings.Contains(string(release), "trixie") {
		t.Log("lab/rootfs has containerd in trixie only")
		return
	}
	must(t, "systemd-run", "--quiet", "--unit=t-containerd", "--service-type=notify", "containerd")
	t.Cleanup(func() { must(t, "systemctl", "stop", "t-containerd") })
	s := begin(t)
	o := s.bundle("runc", "bridge=br0")
	o.edit(func(c map[string]any) { c["root"].(map[string]any)["path"] = filepath.Join(o.dir, "rootfs") })
	must(s, "ctr", "run", "--detach", "--config", filepath.Join(o.dir, "config.json"), o.id)
	s.Cleanup(func() { try("ctr", "task", "rm", "--force", o.id); must(s, "ctr", "container", "rm", o.id) })
	st := s.lease(o.id, "eth0")
	if st == nil {
		t.Fatal("leased has no lease of it")
	}
	ping(s, bare(*st))
	must(s, "ctr", "task", "kill", "--signal", "KILL", o.id)
	s.released(*st)
	s.says(st.Link.MAC, append(dora(bare(*st), o.id), "RELEASE "+bare(*st))...)
}

// Containers of one id in two root directories of a runtime: with one name the second does not
// start, with two names both run, and the end of one is no end of the other.
func TestHookOneIdInTwoRoots(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		first, second := s.bundle(runtime, "bridge=br0"), s.bundle(runtime, "bridge=br0")
		first.root, second.root = s.TempDir(), s.TempDir()
		second.edit(func(config map[string]any) { // by id, crun would kill the first one with it
			config["linux"].(map[string]any)["cgroupsPath"] = "/" + second.id + "-second"
		})
		first.start()
		st := first.leased("eth0")
		if r := second.do("create"); r.code == 0 {
			s.Errorf("a second client of one identity has started: %v", r)
		}
		eventually(s, 5*time.Second, "the journal has the refusal", func() bool {
			return strings.Contains(second.hookLog(), "has the MAC "+st.Link.MAC+" already")
		})
		second.do("delete", "--force")
		equal(s, "address", first.ipv4("eth0"), []string{st.Lease.Address.String()})
		second.edit(func(config map[string]any) {
			config["annotations"].(map[string]any)["io.leased.name"] = "another"
		})
		second.start()
		if other := second.ipv4("eth0"); len(other) != 1 || other[0] == st.Lease.Address.String() {
			s.Errorf("the second one has %q", other)
		}
		second.must("kill", "KILL")
		second.must("delete", "--force")
		equal(s, "address", first.leased("eth0").Lease.Address, st.Lease.Address)
		first.must("kill", "KILL")
		s.released(st)
		first.must("delete", "--force")
		s.says(st.Link.MAC, append(dora(bare(st), first.id), "RELEASE "+bare(st))...)
	})
}

// In a pod the lease is the network namespace's: a member's end, restart or successor is nobody
// else's, and all members can have the annotations, as podman kube play makes them.
func TestHookInAPod(t *testing.T) {
	s := begin(t)
	ours := []string{"--annotation", "io.leased.bridge=br0", "--annotation", "io.leased.release=now", "--annotation", "io.leased.name=" + s.name}
	pod := s.name + "pod"
	must(s, "podman", "pod", "create", "--name", pod, "--network", "none")
	a := s.run("a", append(ours, "--pod", pod)...)
	b := s.run("b", "--pod", pod)
	addr := a.link("eth0").ipv4()
	keeps := func(what string, c *container) {
		s.Helper()
		if len(addr) != 1 {
			s.Fatalf("addresses %q", addr)
		}
		equal(s, what, c.link("eth0").ipv4(), addr)
	}
	must(s, "podman", "stop", "-t", "0", a.name)
	keeps("the annotated member has stopped", b)
	must(s, "podman", "start", a.name)
	keeps("it is back", a)
	a.remove()
	c := s.run("c", append(ours, "--pod", pod)...)
	keeps("another one has taken its place", c)
	ping(s, strings.TrimSuffix(addr[0], "/24"))
	must(s, "podman", "pod", "stop", "-t", "0", pod)
	must(s, "podman", "pod", "start", pod)
	if got := b.link("eth0").ipv4(); len(got) != 1 {
		s.Errorf("after the pod's restart it has %q", got)
	}
	yaml := filepath.Join(s.TempDir(), "pod.yaml")
	text := "apiVersion: v1\nkind: Pod\nmetadata:\n  name: NAME\n  annotations:\n    io.leased.bridge: br0\n    io.leased.release: now\n    io.leased.name: NAME\nspec:\n  containers:\n"
	for _, name := range []string{"one", "two"} {
		text += "  - {name: " + name + ", image: " + image + ", command: [sleep, \"1000\"]}\n"
	}
	if err := os.WriteFile(yaml, []byte(strings.ReplaceAll(text, "NAME", s.name+"kube")), 0o600); err != nil {
		t.Fatal(err)
	}
	must(s, "podman", "kube", "play", "--network", "none", yaml)
	one, two := &container{s, s.name + "kube-one"}, &container{s, s.name + "kube-two"}
	addr = one.link("eth0").ipv4()
	keeps("the second one of podman kube play", two)
}
