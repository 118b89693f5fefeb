// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"

	"podman-net-dhcp/internal/wanted"
)

const plugin = "/usr/libexec/netavark/net-dhcp"

// container is who is attached. One of the same name is the same client to the
// DHCP server by our plugin; its id is new with each start, as by podman run --rm.
type container struct{ id, name string }

func newContainer(name string) container {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return container{hex.EncodeToString(b[:]), name}
}

// options are those of a network of ours.
type options map[string]string

// Our two kinds of link. What is given back at once is not in the way of others.
func onMacvlan() options { return options{"parent": nic, "release": "now"} }
func onBridge() options  { return options{"bridge": bridge, "release": "now"} }

// document is what netavark gives the plugin on stdin.
func document(c container, o options) []byte {
	b, _ := json.Marshal(map[string]any{
		"container_id": c.id, "container_name": c.name, "port_mappings": nil,
		"network":         network("net-dhcp", o),
		"network_options": perNetwork(c),
	}) // plain maps: never fails
	return b
}

func network(driver string, o options) map[string]any {
	return map[string]any{
		"name": "lan", "id": "766c22d94b0c6b5d1a4b6d0b2f2e5a87b0b4b1d21d6ef5e3a2f3c9d2f1f0a1b2", "driver": driver,
		"dns_enabled": false, "internal": false, "ipv6_enabled": false, "options": o,
	}
}

func perNetwork(c container) map[string]any {
	return map[string]any{"aliases": []string{wanted.ShortID(c.id)}, "interface_name": "eth0"}
}

// setup attaches the container as netavark has our plugin do it.
func setup(c container, s space, o options) error {
	_, err := program{argv: []string{plugin, "setup", s.path()}, stdin: document(c, o)}.run()
	return err
}

func teardown(c container, s space, o options) error {
	_, err := program{argv: []string{plugin, "teardown", s.path()}, stdin: document(c, o)}.run()
	return err
}

// ours is the way of our plugin.
func ours(name string, o options) *way {
	return &way{name: name, kind: oursKind, rounds: quickRounds, attach: func(t try) (func() error, error) {
		err := setup(t.container, t.space, o)
		return func() error { return teardown(t.container, t.space, o) }, err
	}}
}
