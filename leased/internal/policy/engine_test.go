// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBridgesOfEngines(t *testing.T) {
	t.Parallel()
	e := Engines{Networks: t.TempDir(), Sysctls: t.TempDir()}
	for path, text := range map[string]string{
		filepath.Join(e.Networks, "own.json"):            `{"name":"own","driver":"bridge","network_interface":"own0"}`,
		filepath.Join(e.Networks, "unmanaged.json"):      `{"name":"u","driver":"bridge","network_interface":"br0","options":{"mode":"unmanaged"}}`,
		filepath.Join(e.Networks, "lan.json"):            `{"name":"lan","driver":"net-dhcp","network_interface":"br1"}`,
		filepath.Join(e.Networks, "macvlan.json"):        `{"name":"m","driver":"macvlan","network_interface":"eth0"}`,
		filepath.Join(e.Networks, "broken.json"):         `{"driver":"bridge","network_interface":"br2"`,
		filepath.Join(e.Networks, "list"):                `{"driver":"bridge","network_interface":"br3"}`,
		filepath.Join(e.Sysctls, "10-netavark-nv0.conf"): "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for bridge, of := range map[string]string{
		"podman0": "Podman", "podman17": "Podman", "cni-podman0": "Podman", "docker0": "Docker", "br-0123456789ab": "Docker",
		"own0": "Podman", "nv0": "netavark",
		"br0": "", "br1": "", "br2": "", "br3": "", "eth0": "", "br-0123456789aX": "", "br-0123456789": "", "br-iot": "", "docker1": "", "own": "",
	} {
		err := e.Check(bridge)
		if (err != nil) != (of != "") || err != nil && !strings.HasPrefix(err.Error(), bridge+" is a bridge of "+of+", ") {
			t.Errorf("%s: %v; want %q", bridge, err, of)
		}
	}
	if err := (Engines{"/none", "/none"}).Check("own0"); err != nil {
		t.Error(err)
	}
	if err := (Engines{filepath.Join(e.Networks, "list"), "/none"}).Check("br0"); err == nil {
		t.Error("Podman's networks cannot be read, and nobody minds")
	}
	if err := os.Mkdir(filepath.Join(e.Networks, "odd.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.Check("br0"); err == nil {
		t.Error("one of Podman's networks cannot be read, and nobody minds")
	}
}
