// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// engine is where Podman keeps its containers.
type engine struct {
	mounts
	confs []string // storage.conf(5), the first that names a graphroot counts
	root  string   // the graphroot without one
}

func podman(process string) engine {
	return engine{
		mounts: mounts(process),
		confs:  []string{"/etc/containers/storage.conf", "/usr/share/containers/storage.conf"},
		root:   "/var/lib/containers/storage",
	}
}

// maxConfig is more than a config.json has, in bytes.
const maxConfig = 16 << 20

// config is the part of a container's config.json that says which resolv.conf it sees
// (runtime-spec, config.md).
type config struct {
	Mounts []struct {
		Destination, Source string
		Options             []string
	}
}

// file returns the path of the resolv.conf that Podman has made for a container and has
// mounted into it. The description that Podman gave to the runtime names it: the directory
// of that description is root's. A mount of the user's own file, and a read-only one, are
// ErrForeign.
func (e engine) file(containerID string) (path string, err error) {
	if !isID(containerID) {
		return "", notOurs("no id of Podman's")
	}
	described, err := e.described(containerID)
	if err != nil {
		return "", err
	}
	c, err := e.readConfig(described)
	if err = errors.Join(err, actAsOneself()); err != nil {
		return "", err
	}
	for _, m := range slices.Backward(c.Mounts) {
		if filepath.Clean(m.Destination) != "/etc/resolv.conf" {
			continue
		}
		above, below, ok := strings.Cut(filepath.Clean(m.Source), "/"+containerID+"/")
		if !ok || slices.Contains(m.Options, "ro") {
			return "", notOurs("%s is mounted, read-only or the user's own", m.Source)
		}
		// The directories above are the administrator's, who may have moved them.
		if above, err = filepath.EvalSymlinks(above); err != nil {
			return "", notOurs("%v", err)
		}
		return filepath.Join(above, containerID, below), nil
	}
	return "", notOurs("no resolv.conf is mounted")
}

// isID reports whether s is a container's ID as engines make them. A shorter one, which a
// user of crun or runc chooses, can be part of any path.
func isID(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// described is the path of a container's config.json: its directory is named after the
// storage driver.
func (e engine) described(containerID string) (string, error) {
	root, err := filepath.EvalSymlinks(e.graphRoot())
	if err != nil {
		return "", notOurs("%v", err)
	}
	found, err := filepath.Glob(e.at(filepath.Join(root, "*-containers", containerID)))
	if err != nil || len(found) != 1 {
		return "", notOurs("no such container in %s", root)
	}
	return filepath.Join(strings.TrimPrefix(found[0], e.at("")), "userdata/config.json"), nil
}

func (e engine) graphRoot() string {
	for _, conf := range e.confs {
		if f, err := os.Open(conf); err == nil {
			root := setting(f, "graphroot")
			f.Close()
			if root != "" {
				return root
			}
		}
	}
	return e.root
}

// setting returns the value of a line `key = "value"` in TOML.
func setting(conf io.Reader, key string) string {
	for lines := bufio.NewScanner(conf); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if ok && strings.TrimSpace(name) == key {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

func (m mounts) readConfig(path string) (c config, err error) {
	fd, st, err := m.walk(path)
	if isMissing(err) {
		return c, notOurs("%v", err)
	}
	if err != nil {
		return c, err
	}
	defer unix.Close(fd)
	f, err := reopen(fd, st, os.O_RDONLY)
	if err != nil {
		return c, fmt.Errorf("open %s: %w", path, err)
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxConfig)).Decode(&c); err != nil {
		return c, fmt.Errorf("parse %s: %w", path, err)
	}
	return c, nil
}
