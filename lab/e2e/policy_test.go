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

const (
	policyDir  = "/etc/leased"
	policyFile = policyDir + "/policy.conf"
)

// everything is the policy of tests that are about other things.
const everything = `
hook bridge=br0  hostname=any mac=any client_id=any request_ip=any release=never lease_timeout=10m networks=16 guard=off
hook parent=nic0 hostname=any mac=any client_id=any request_ip=any release=never lease_timeout=10m networks=16 guard=off
`

func writePolicy(text string) error {
	if err := os.MkdirAll(policyDir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(policyFile, []byte(text), 0o644)
}

// policy is what the scene's containers are judged by.
func (s *scene) policy(text string) {
	s.Helper()
	put := func(text string) {
		s.Helper()
		if err := writePolicy(text); err != nil {
			s.Fatal(err)
		}
	}
	s.Cleanup(func() { put(everything) })
	put(text)
}

// refused starts a container with annotations, which must fail with these words in the hook's
// journal, and in leased's log.
func (s *scene) refused(annotations string, words ...string) {
	s.Helper()
	s.made++
	c := &container{s, fmt.Sprintf("%s-%d", s.name, s.made)}
	if r := try("podman", c.command(annotated(annotations)...)...); r.code == 0 {
		s.Errorf("%s: the container starts", annotations)
	}
	id := c.inspect().ID
	must(s, "podman", "rm", "-f", "-t", "0", c.name)
	said := ""
	eventually(s, 5*time.Second, "the journal has the hook's error", func() bool {
		said = try("journalctl", "-t", "net-dhcp-hook", "CONTAINER_ID="+id, "--no-pager", "-o", "cat").out
		return said != ""
	})
	contains(s, annotations, said, words...)
	contains(s, "leased's log", s.journal(), "the policy refuses a container")
	if st := s.lease(id, "eth0"); st != nil {
		s.Errorf("%s: leased has %+v", annotations, st)
	}
}

// annotated are the arguments of a container with annotations KEY=VALUE.
func annotated(annotations string) []string {
	args := []string{"--network", "none", "--annotation", "io.leased.release=now"}
	for a := range strings.FieldsSeq(annotations) {
		args = append(args, "--annotation", "io.leased."+a)
	}
	return args
}

// Without a line nothing is allowed, and the error has the line that helps.
func TestPolicyOfNobody(t *testing.T) {
	s := begin(t)
	s.policy("# hook bridge=br0\n")
	s.refused("bridge=br0", "the policy does not allow hook on br0: no line names it",
		"add to "+policyFile+": hook bridge=br0; see leased-policy(5)")
	if err := os.Remove(policyFile); err != nil {
		t.Fatal(err)
	}
	s.refused("parent=nic0", "add to "+policyFile+": hook parent=nic0; ")
	if r := try("leased", "may", "hook", "br0"); r.code == 0 || !strings.Contains(r.err, "add to "+policyFile+": hook bridge=br0") {
		t.Errorf("leased may: %v", r)
	}
	// The plugin is root's own, whatever the policy says.
	network := s.bridge()
	s.run("", "--network", network).bound(network, "eth0")
}

// The line that a refusal proposes makes the container start, without a restart of anything.
func TestPolicyIsReadAgain(t *testing.T) {
	s := begin(t)
	s.server()
	s.policy("")
	s.refused("bridge=br0 name=web", "hook bridge=br0 hostname=web")
	s.policy("hook bridge=br0 hostname=web\n")
	contains(s, "leased may", must(s, "leased", "may", "hook", "br0", "name=web"), "allowed by "+policyFile+":1")
	c := s.run("", annotated("bridge=br0 name=web")...)
	st := s.lease(c.inspect().ID, "eth0")
	if st == nil || st.Attachment.ContainerName != "web" {
		t.Fatalf("leased has %+v", st)
	}
	// What runs keeps its lease; the end is told as ever.
	s.policy("")
	c.remove()
	s.released(*st)
}

// A container on the host's LAN has no say in who it is there, and in how long it waits.
func TestPolicyOfOneInterface(t *testing.T) {
	s := begin(t)
	s.policy("hook bridge=br0\n")
	for wish, line := range map[string]string{
		"mac=02:00:5e:00:00:66": "mac=02:00:5e:00:00:66",
		"mac=random":            "mac=random",
		"client_id=victim":      "client_id=victim",
		"guard=off":             "guard=off",
		"hostname=router":       "hostname=router",
		"name=wpad":             "hostname=wpad",
		"request_ip=192.0.2.66": "request_ip=192.0.2.66",
		"release=never":         "release=never",
		"lease_timeout=40s":     "lease_timeout=40s",
		"1.bridge=br0":          "networks=2",
	} {
		s.refused("bridge=br0 "+wish, "the policy allows hook on br0 ("+policyFile+":1), but not with "+line, ": hook bridge=br0 "+line+"; ")
	}
	s.refused("parent=nic0", "the policy does not allow hook on nic0")
}

// kube play copies the annotations of a YAML.
func TestPolicyOfKubePlay(t *testing.T) {
	s := begin(t)
	s.policy("hook bridge=br0\n")
	yaml := filepath.Join(t.TempDir(), "pod.yaml")
	text := "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + s.name + "\n  annotations:\n    io.leased.bridge: br0\n    io.leased.name: wpad\n" +
		"spec:\n  containers:\n  - name: c\n    image: " + image + "\n    command: [sleep, '1000']\n"
	if err := os.WriteFile(yaml, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := try("podman", "kube", "play", "--network", "none", yaml); r.code == 0 && !strings.Contains(r.out+r.err, "net-dhcp-hook") {
		t.Errorf("kube play: %v", r)
	}
	contains(s, "leased's log", s.journal(), "the policy refuses a container", "hostname=wpad")
	for _, st := range leases(s) {
		t.Errorf("leased has %+v", st)
	}
}

// A bridge that Podman has made is closed, though a line names it.
func TestPolicyOfPodmansBridge(t *testing.T) {
	s := begin(t)
	for _, c := range []struct{ name, bridge string }{{"auto", ""}, {"named", "t-own0"}} {
		name := s.name + c.name
		args := []string{"network", "create", "--internal"}
		if c.bridge != "" {
			args = append(args, "--interface-name", c.bridge)
		}
		must(s, "podman", append(args, name)...)
		bridge := must(s, "podman", "network", "inspect", "--format", "{{.NetworkInterface}}", name)
		other := s.run(c.name, "--network", name) // it makes the bridge
		s.policy("hook bridge=" + bridge + " hostname=any mac=any\n")
		before := must(s, "ip", "-br", "link", "show", "master", bridge)
		s.refused("bridge="+bridge+" on_timeout=continue", bridge+" is a bridge of ", "which no policy opens to the hook")
		equal(s, "the ports of "+bridge, must(s, "ip", "-br", "link", "show", "master", bridge), before)
		other.remove()
		must(s, "podman", "network", "rm", name)
	}
}

// A NIC that the host uses stays the host's, though a line names it.
func TestPolicyOfPassthru(t *testing.T) {
	s := begin(t)
	s.server()
	// A router of an earlier test may have given nic0 an address.
	const ipv6 = "/proc/sys/net/ipv6/conf/nic0/disable_ipv6"
	must(s, "sh", "-c", "echo 1 >"+ipv6)
	s.Cleanup(func() { must(s, "sh", "-c", "echo 0 >"+ipv6) })
	must(s, "ip", "address", "add", "192.0.2.20/24", "dev", "nic0")
	s.Cleanup(func() { try("ip", "address", "flush", "dev", "nic0", "scope", "global") })
	mac := hostLink(s, "nic0").Address
	s.policy("hook parent=nic0\n")
	s.refused("parent=nic0 mode=passthru", "but not with mode=passthru", ": hook parent=nic0 mode=passthru; ")
	s.policy("hook parent=nic0 mode=passthru mac=any\n")
	s.refused("parent=nic0 mode=passthru", "mode=passthru takes nic0 away from the host, but the host has the address 192.0.2.20 on it")
	s.refused("parent=nic0 mode=passthru mac=02:00:5e:00:00:66", "takes nic0 away from the host")
	equal(s, "nic0's MAC", hostLink(s, "nic0").Address, mac)
	must(s, "ip", "address", "del", "192.0.2.20/24", "dev", "nic0")
	contains(s, "leased may", must(s, "leased", "may", "hook", "nic0", "mode=passthru"), "allowed by "+policyFile+":1")
}

// A file that others can write allows nothing, nor does one with a wrong line.
func TestPolicyOfOthers(t *testing.T) {
	s := begin(t)
	s.policy("hook bridge=br0 hostname=any\n")
	for words, command := range map[string]string{
		policyFile + ": others than root can write it (mode 0666)": "chmod 0666 " + policyFile,
		policyFile + ": others than root can write it (mode 0664)": "chmod 0664 " + policyFile,
		policyFile + ": belongs to uid 1000 and not to root":       "chown 1000 " + policyFile,
		policyDir + ": others than root can write it (mode 0777)":  "chmod 0777 " + policyDir,
		policyFile + ":2: unknown limit colour":                    "echo hook bridge=br1 colour=red >>" + policyFile,
	} {
		must(s, "sh", "-c", command)
		s.refused("bridge=br0", "a file that allows nothing: "+words)
		contains(s, "leased's log", s.journal(), "a file of the policy allows nothing", words)
		must(s, "sh", "-c", "rm -r "+policyDir)
		s.policy("hook bridge=br0 hostname=any\n")
	}
	must(s, "leased", "may", "hook", "br0")
}
