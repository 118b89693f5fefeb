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

// The OCI hook's example, merged into a bundle as net-dhcp-hook(8) says.
func TestHookExample(t *testing.T) {
	for i, runtime := range []string{"crun", "runc"} {
		t.Run(runtime, func(t *testing.T) {
			s := begin(t)
			o := s.bundle(runtime)
			o.edit(func(config map[string]any) { delete(config, "annotations"); delete(config, "hooks") })
			must(s, "sh", "-c", "cd "+o.dir+" && jq -s '.[0] * .[1]' config.json "+examples+"oci/hooks.json > new.json && mv new.json config.json")
			o.edit(func(config map[string]any) { config["annotations"].(map[string]any)["io.leased.release"] = "now" })
			o.start()
			st := o.leased("eth0")
			equal(s, "attachment", []string{st.Attachment.ContainerName, st.Link.Host}, []string{"web", "br0"})
			equal(s, "the name in the server's table", table(s)[st.Link.MAC].name, "web")
			o.must("kill", "KILL")
			s.released(st)
			log := dora(bare(st), "web")
			if i > 0 { // the same client again
				log = comesBack(bare(st), "web")
			}
			s.says(st.Link.MAC, append(log, "RELEASE "+bare(st))...)
		})
	}
}

// systemd-networkd makes the example's bridge in a namespace of its own, where eth0
// is on the LAN: the bridge has eth0's MAC, and the host its address by it.
func TestNetworkdExample(t *testing.T) {
	s := begin(t)
	const dir = "/run/systemd/network/"
	files, err := filepath.Glob(examples + "networkd/*")
	if err != nil || len(files) != 4 {
		s.Fatalf("%q, %v", files, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.Fatal(err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		if err := os.WriteFile(dir+name, []byte(example(s, "networkd/"+name)), 0o644); err != nil {
			s.Fatal(err)
		}
		s.Cleanup(func() { os.Remove(dir + name) })
	}
	must(s, "ip", "netns", "add", s.name)
	s.Cleanup(func() { must(s, "ip", "netns", "del", s.name) })
	const mac = "02:00:5e:00:00:77"
	must(s, "ip", "link", "add", "eth0", "address", mac, "netns", s.name, "type", "veth", "peer", "name", "networkd", "netns", "router")
	must(s, "ip", "-n", "router", "link", "set", "networkd", "master", "lan0", "up")
	must(s, "systemd-run", "--quiet", "--collect", "--unit", s.name, "-p", "NetworkNamespacePath=/run/netns/"+s.name,
		"-p", "ReadOnlyPaths=/sys", "/usr/lib/systemd/systemd-networkd")
	s.Cleanup(func() {
		if s.Failed() {
			s.Log(try("journalctl", "-u", s.name, "--no-pager", "-n", "50").out)
		}
		must(s, "systemctl", "stop", s.name, "systemd-hostnamed") // the second it started itself
	})
	var br link
	eventually(s, 15*time.Second, "the bridge has an address", func() bool {
		if try("ip", "-n", s.name, "link", "show", "dev", "br0").code != 0 {
			return false
		}
		br = mustJSON[[]link](s, "ip", "-n", s.name, "-j", "-d", "address", "show", "dev", "br0")[0]
		return len(br.ipv4()) == 1
	})
	equal(s, "its MAC", br.Address, mac)
	if !strings.HasPrefix(br.ipv4()[0], "192.0.2.") {
		s.Errorf("its address is %q", br.ipv4())
	}
	if ports := must(s, "ip", "-n", s.name, "-br", "link", "show", "master", "br0"); !strings.HasPrefix(ports, "eth0") {
		s.Errorf("its ports are %q", ports)
	}
}
