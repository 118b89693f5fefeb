// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Engines is where container engines leave traces of the bridges that they have made.
type Engines struct {
	Networks string // Podman's networks, a JSON file each
	Sysctls  string // netavark's settings for a bridge that it has made
}

// Usual is where they are.
var Usual = Engines{Networks: "/etc/containers/networks", Sysctls: "/run/sysctl.d"}

// Bounds on the traces.
const (
	maxNetworks    = 1024    // files
	maxNetworkFile = 1 << 20 // bytes
)

// Check refuses a bridge that a container engine has made for itself: an attachment there
// would be in another container's network. Podman and CNI have names of their own, as Docker
// does; a bridge of another name is Podman's if Podman's configuration says so. Check also
// refuses where it cannot read that.
func (e Engines) Check(bridge string) error {
	made := ""
	switch hex, isDocker := strings.CutPrefix(bridge, "br-"); {
	case bridge == "docker0", isDocker && len(hex) == 12 && strings.Trim(hex, "0123456789abcdef") == "":
		made = "Docker"
	case strings.HasPrefix(bridge, "podman"), strings.HasPrefix(bridge, "cni-podman"):
		made = "Podman"
	case e.netavark(bridge):
		made = "netavark"
	default:
		podmans, err := e.podman(bridge)
		if err != nil {
			return fmt.Errorf("%s may be a bridge of Podman, which no policy opens to the hook: %w; let the user leased read %s", bridge, err, e.Networks)
		}
		if !podmans {
			return nil
		}
		made = "Podman"
	}
	return fmt.Errorf("%s is a bridge of %s, which no policy opens to the hook; name another bridge or NIC; see leased-policy(5)", bridge, made)
}

func (e Engines) netavark(bridge string) bool {
	_, err := os.Stat(filepath.Join(e.Sysctls, "10-netavark-"+bridge+".conf"))
	return err == nil
}

// podman looks for a network of driver bridge on the bridge. In mode unmanaged Podman uses a
// bridge that the host has.
func (e Engines) podman(bridge string) (bool, error) {
	dir, err := os.Open(e.Networks)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxNetworks)
	if err == nil && len(names) == maxNetworks {
		err = fmt.Errorf("%s has %d files or more", e.Networks, maxNetworks)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		text, err := readSome(filepath.Join(e.Networks, name))
		if err != nil {
			return false, err
		}
		if isOn(text, bridge) {
			return true, nil
		}
	}
	return false, nil
}

// isOn reports whether the text is a network of Podman's on a bridge that Podman makes.
func isOn(text []byte, bridge string) bool {
	var n struct {
		Driver    string            `json:"driver"`
		Interface string            `json:"network_interface"`
		Options   map[string]string `json:"options"`
	}
	return bytes.Contains(text, []byte(bridge)) && json.Unmarshal(text, &n) == nil &&
		n.Driver == "bridge" && n.Interface == bridge && n.Options["mode"] != "unmanaged"
}

// readSome returns the beginning of a file, and nothing of one that has just gone.
func readSome(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxNetworkFile))
}
