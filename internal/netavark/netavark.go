// SPDX-License-Identifier: Apache-2.0

// Package netavark is the contract between netavark (before Podman 6, Podman itself
// calls create) and a network plugin: JSON documents on stdin and stdout. leased reads and writes
// those of setup and teardown, so they are types of this package, which a test compares with
// Podman's. Source: netavark src/network/plugin.rs, container-libs libnetwork/types.
package netavark

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
)

// HardwareAddr is a MAC, which is text in JSON.
type HardwareAddr net.HardwareAddr

// MarshalText writes six bytes as 02:00:00:00:00:01.
func (h HardwareAddr) MarshalText() ([]byte, error) { return []byte(net.HardwareAddr(h).String()), nil }

// UnmarshalText reads what net.ParseMAC reads, and the empty text.
func (h *HardwareAddr) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*h = nil
		return nil
	}
	mac, err := net.ParseMAC(string(text))
	*h = HardwareAddr(mac)
	return err
}

// Exec is the part of the document of setup and teardown that they need: encoding/json
// inspects a type before it decodes into it, and for types.Network this takes longer
// than a server takes to answer. Keys may be null or absent: Podman 4.5 to 6 differ in
// this.
type Exec struct {
	ContainerID    string      `json:"container_id"`
	ContainerName  string      `json:"container_name"`
	Network        ExecNetwork `json:"network"`
	NetworkOptions ExecOptions `json:"network_options"`
}

// ExecNetwork is a part of types.Network.
type ExecNetwork struct {
	Name     string            `json:"name"`
	Internal bool              `json:"internal"`
	Options  map[string]string `json:"options"`
}

// ExecOptions is a part of types.PerNetworkOptions.
type ExecOptions struct {
	InterfaceName string            `json:"interface_name"`
	Aliases       []string          `json:"aliases"`
	StaticIPs     []net.IP          `json:"static_ips"`
	StaticMAC     HardwareAddr      `json:"static_mac"`
	Options       map[string]string `json:"options"`
}

// MaxInput is the largest document accepted on stdin, in bytes. Podman's document grows
// with the port mappings, some 100 bytes each.
const MaxInput = 1 << 20

// Document reads all of stdin, before anything is written: netavark writes the whole document
// before it reads.
func Document(stdin io.Reader) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, 8<<10)) // most are smaller
	_, err := b.ReadFrom(io.LimitReader(stdin, MaxInput+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read stdin: %w", err)
	case b.Len() == 0:
		return nil, errors.New("nothing on stdin; this is a network plugin for Podman: podman network create -d net-dhcp")
	case b.Len() > MaxInput:
		return nil, fmt.Errorf("more than %d bytes on stdin", MaxInput)
	}
	return b.Bytes(), nil
}

// Read reads the JSON document on stdin into v.
func Read(stdin io.Reader, v any) error {
	b, err := Document(stdin)
	if err != nil {
		return err
	}
	return parse(b, v)
}

func parse(document []byte, v any) error {
	if err := json.Unmarshal(document, v); err != nil {
		return fmt.Errorf("parse stdin: %w", err)
	}
	return nil
}

// ParseExec parses the document of setup or teardown.
func ParseExec(document []byte) (Exec, error) {
	var e Exec
	if err := parse(document, &e); err != nil {
		return e, err
	}
	if e.ContainerID == "" || e.Network.Name == "" || e.NetworkOptions.InterfaceName == "" {
		return e, errors.New("stdin lacks container_id, network.name or network_options.interface_name")
	}
	return e, nil
}
