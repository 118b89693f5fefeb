// SPDX-License-Identifier: Apache-2.0

package skew_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

// container is a network namespace without links.
type container struct {
	h       *host
	ns      *testlan.NS
	at      leaseapi.Attachment
	options map[string]string
	bundle  string // of the hook
}

// The kinds of link, as options.
var kinds = map[string]map[string]string{
	"bridge":  {"bridge": testlan.HostBridge},
	"macvlan": {"parent": testlan.HostNIC},
}

func (h *host) container(kind string) *container {
	h.Helper()
	c := &container{h: h, ns: h.lan.Container(), options: maps.Clone(kinds[kind])}
	name := filepath.Base(c.ns.Path) // its own
	c.options["release"], c.options["conflict_check"], c.options["lease_timeout"] = "now", "off", "1s"
	c.at = leaseapi.Attachment{ContainerID: name + "-id", ContainerName: name, Network: "lan", Interface: "eth0"}
	return c
}

// document is what netavark gives the plugin on stdin.
func (c *container) document() string {
	b, _ := json.Marshal(map[string]any{
		"container_id": c.at.ContainerID, "container_name": c.at.ContainerName, "port_mappings": nil,
		"network":         map[string]any{"name": c.at.Network, "id": "766c22d94b0c", "driver": "net-dhcp", "options": c.options},
		"network_options": map[string]any{"interface_name": c.at.Interface},
	}) // plain maps: never fails
	return string(b)
}

// plugin runs a verb of this tree's plugin.
func (c *container) plugin(socket, verb string) error {
	c.h.Helper()
	return c.h.run(socket, c.document(), c.h.pluginPath(), verb, c.ns.Path)
}

func (h *host) pluginPath() string { return filepath.Join(h.dir, "netavark-plugin") }

// hook runs this tree's hook for a container with the process pid.
func (c *container) hook(socket, verb string, pid int) error {
	c.h.Helper()
	annotations := map[string]string{"io.leased.name": c.at.ContainerName}
	for key, value := range c.options {
		annotations["io.leased."+key] = value
	}
	if c.bundle == "" {
		c.bundle = c.h.TempDir()
		must(c.h, os.MkdirAll(filepath.Join(c.bundle, "rootfs/etc"), 0o755))
		must(c.h, os.WriteFile(filepath.Join(c.bundle, "config.json"), []byte(`{"root":{"path":"rootfs"}}`), 0o600))
	}
	state, _ := json.Marshal(map[string]any{
		"ociVersion": "1.0.2", "id": c.at.ContainerID, "pid": pid, "bundle": c.bundle, "annotations": annotations,
	}) // plain maps: never fails
	return c.h.run(socket, string(state), filepath.Join(c.h.dir, "oci-hook"), verb)
}
