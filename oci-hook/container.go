// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
)

// Bounds on what runtimes hand us, in bytes.
const (
	maxState  = 1 << 20
	maxConfig = 16 << 20
)

// Annotations beside the options: who the container is to the server, and the
// interface's name in it.
const (
	annName      = "name"
	annInterface = "interface"
)

// maxNetwork is the highest N of io.leased.N.KEY.
const maxNetwork = 15

// container is the state that a hook gets on stdin (runtime-spec, runtime.md).
type container struct{ specs.State }

// network is one network that the container's annotations ask for.
type network struct {
	name    string // io.leased, or io.leased.N
	ifname  string
	given   map[string]string // the options as annotations
	options options.Options
}

func readContainer(stdin io.Reader) (container, error) {
	var c container
	if err := json.NewDecoder(io.LimitReader(stdin, maxState)).Decode(&c.State); err != nil {
		return c, fmt.Errorf("parse the container's state on stdin: %w; %s", err, usage)
	}
	if c.ID == "" {
		return c, errors.New("the container's state on stdin has no id")
	}
	return c, nil
}

func (c container) ours() bool { return len(options.FromPrefixed(c.Annotations)) > 0 }

// networks reads the annotations: io.leased.KEY for the one network that most
// have, io.leased.N.KEY for more.
func (c container) networks() ([]network, error) {
	groups := map[int]map[string]string{}
	for key, value := range options.FromPrefixed(c.Annotations) {
		if key == annName {
			continue
		}
		n := 0
		if number, rest, ok := strings.Cut(key, "."); ok {
			var err error
			if n, err = strconv.Atoi(number); err != nil || n < 1 || n > maxNetwork {
				return nil, fmt.Errorf("annotation %[1]s%[2]s: want %[1]sOPTION or %[1]sN.OPTION with N from 1 to %[3]d", options.Prefix, key, maxNetwork)
			}
			key = rest
		}
		if groups[n] == nil {
			groups[n] = map[string]string{}
		}
		groups[n][key] = value
	}
	var all []network
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		one, err := parseNetwork(n, groups[n])
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(all, func(other network) bool { return other.ifname == one.ifname }); i >= 0 {
			return nil, fmt.Errorf("annotations %s.* and %s.* both name the interface %s", all[i].name, one.name, one.ifname)
		}
		all = append(all, one)
	}
	return all, nil
}

func parseNetwork(n int, values map[string]string) (network, error) {
	one := network{name: strings.TrimSuffix(options.Prefix, "."), ifname: fmt.Sprintf("eth%d", n)}
	if n > 0 {
		one.name += "." + strconv.Itoa(n)
	}
	one.ifname = cmp.Or(values[annInterface], one.ifname)
	delete(values, annInterface)
	one.given = values
	var err error
	if one.options, err = options.Parse(values); err != nil {
		return one, fmt.Errorf("annotations %s.*: %w", one.name, err)
	}
	if one.options.LeaseTimeout >= createTimeout {
		return one, fmt.Errorf("annotation %s.lease_timeout=%s: must be less than %s, which the hook has for all networks", one.name, one.options.LeaseTimeout, createTimeout)
	}
	return one, nil
}

func (c container) request(n network, networks int, shared string) front.Request {
	name := c.name()
	return front.Request{Given: n.given, Front: leaseapi.FrontHook, Networks: networks, Shared: shared != "", Interface: wanted.Interface{
		Attachment: leaseapi.Attachment{ContainerID: c.ID, ContainerName: name, Network: n.name, Interface: n.ifname, Owner: c.owner()},
		Netns:      cmp.Or(shared, fmt.Sprintf("/proc/%d/ns/net", c.Pid)),
		Options:    n.options,
		Hostnames:  []string{name},
	}}
}

// owner tells containers of one id apart: ids are unique for a runtime's root directory or for
// containerd's namespace, and not for a host. The state has the bundle in both stages.
func (c container) owner() string {
	if c.Bundle == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(filepath.Clean(c.Bundle)))
	return "hook:" + hex.EncodeToString(sum[:8])
}

// name is who the container is to the DHCP server: hooks are told no name.
func (c container) name() string {
	name := c.Annotations[options.Prefix+annName]
	if name == "" {
		if config, err := c.config(); err == nil {
			name = config.Hostname
		}
	}
	return cmp.Or(name, c.ID)
}

// shared is the path of the network namespace that the container joins, such as that of a pod;
// empty: it has one of its own. What the hook brings there belongs to the namespace, and not to
// the container, which may end and start again while the others live.
func (c container) shared() string {
	config, err := c.config()
	if err != nil || config.Linux == nil {
		return ""
	}
	for _, ns := range config.Linux.Namespaces {
		if ns.Type == specs.NetworkNamespace && filepath.IsAbs(ns.Path) {
			return filepath.Clean(ns.Path)
		}
	}
	return ""
}

// config is the bundle's config.json. crun's state names the root as well, runc's
// does not.
func (c container) config() (*specs.Spec, error) {
	f, err := os.Open(filepath.Join(c.Bundle, "config.json"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var s specs.Spec
	if err := json.NewDecoder(io.LimitReader(f, maxConfig)).Decode(&s); err != nil {
		return nil, fmt.Errorf("parse %s: %w", f.Name(), err)
	}
	return &s, nil
}
