// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
// does; a bridge of another name is Podman's if Podman's configuration says so.
func (e Engines) Check(bridge string) error {
	made := ""
	switch hex, isDocker := strings.CutPrefix(bridge, "br-"); {
	case bridge == "docker0", isDocker && len(hex) == 12 && strings.Trim(hex, "0123456789abcdef") == "":
		made = "Docker"
	case strings.HasPrefix(bridge, "podman"), strings.HasPrefix(bridge, "cni-podman"):
		made = "Podman"
	case e.netavark(bridge):
		made = "netavark"
	case e.podman(bridge):
		made = "Podman"
	default:
		return nil
	}
	return fmt.Errorf("%s is a bridge of %s, which no policy opens to the hook; name another bridge or NIC; see leased-policy(5)", bridge, made)
}

func (e Engines) netavark(bridge string) bool {
	_, err := os.Stat(filepath.Join(e.Sysctls, "10-netavark-"+bridge+".conf"))
	return err == nil
}

// podman looks for a network of driver bridge on the bridge. In mode unmanaged Podman uses a
// bridge that the host has.
func (e Engines) podman(bridge string) bool {
	dir, err := os.Open(e.Networks)
	if err != nil {
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxNetworks)
	for _, name := range names {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		text := readSome(filepath.Join(e.Networks, name))
		var n struct {
			Driver    string            `json:"driver"`
			Interface string            `json:"network_interface"`
			Options   map[string]string `json:"options"`
		}
		if bytes.Contains(text, []byte(bridge)) && json.Unmarshal(text, &n) == nil &&
			n.Driver == "bridge" && n.Interface == bridge && n.Options["mode"] != "unmanaged" {
			return true
		}
	}
	return false
}

// readSome returns nil for a file that it cannot read.
func readSome(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, maxNetworkFile))
	return text
}
