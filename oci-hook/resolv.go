// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
)

// resolvConf is what the container's /etc/resolv.conf shall say (resolv.conf(5)).
type resolvConf struct {
	servers []netip.Addr
	search  []string
}

func (r *resolvConf) add(o options.Options, l *leaseapi.Lease) {
	r.servers = leaseapi.AppendNew(r.servers, o.DNSList)
	if o.DNS == "dhcp" && l != nil {
		r.servers = leaseapi.AppendNew(r.servers, l.DNS)
		r.search = leaseapi.AppendNew(r.search, l.Search)
	}
}

func (r *resolvConf) text() []byte {
	var b strings.Builder
	b.WriteString("# made by net-dhcp-hook from the DHCP lease\n")
	if len(r.search) > 0 {
		fmt.Fprintln(&b, "search", strings.Join(r.search, " "))
	}
	for _, s := range r.servers {
		fmt.Fprintln(&b, "nameserver", s)
	}
	return []byte(b.String())
}

// write writes the file where the container will see it: over the one that the
// engine mounts there, else in the container's root. Without servers nothing is
// touched.
func (r *resolvConf) write(c container) error {
	if len(r.servers) == 0 {
		return nil
	}
	config, err := c.config()
	if err != nil {
		return fmt.Errorf("find the container's resolv.conf: %w", err)
	}
	if m := mounted(config); m != nil {
		if !c.isEngines(m, config) {
			return nil
		}
		return r.overwrite(m.Source)
	}
	if config.Root == nil {
		return errors.New("find the container's resolv.conf: config.json names no root")
	}
	root := config.Root.Path
	if !filepath.IsAbs(root) {
		root = filepath.Join(c.Bundle, root)
	}
	return r.place(root)
}

// mounted is the mount over the container's resolv.conf; nil: there is none.
func mounted(config *specs.Spec) *specs.Mount {
	for i, m := range slices.Backward(config.Mounts) {
		if filepath.Clean(m.Destination) == "/etc/resolv.conf" {
			return &config.Mounts[i]
		}
	}
	return nil
}

// isEngines reports whether the engine keeps the mounted file for this container: it is called
// resolv.conf, and is below the bundle or in a directory with the container's id. Engines have ids
// of 64 hexadecimal digits; a shorter one, which a user of crun or runc chooses, can be part of any
// path. Any other file, such as the host's own resolv.conf behind -v, is the user's wish, and so is a
// file that is read-only where the container's root is not.
func (c container) isEngines(m *specs.Mount, config *specs.Spec) bool {
	path := filepath.Clean(m.Source)
	dir, file := filepath.Split(path)
	known := len(c.ID) == idLength && strings.Trim(c.ID, "0123456789abcdef") == "" && slices.Contains(strings.Split(dir, "/"), c.ID)
	isReadOnly := slices.Contains(m.Options, "ro") && (config.Root == nil || !config.Root.Readonly)
	return file == "resolv.conf" && (known || below(path, c.Bundle)) && !isReadOnly && !isHosts(path)
}

const idLength = 64

// isHosts reports whether a path is where the host keeps files of its own.
func isHosts(path string) bool { return below(path, "/etc") || below(path, "/run/systemd") }

func below(path, dir string) bool {
	return dir != "" && strings.HasPrefix(path, strings.TrimSuffix(filepath.Clean(dir), "/")+"/")
}

// overwrite writes the engine's file in place, since a bind mount is of the inode.
func (r *resolvConf) overwrite(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_TRUNC|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return finish(os.NewFile(uintptr(fd), path), r.text())
}

// place puts a new file into the root's /etc. The way there is resolved inside
// the root, and what is there now is replaced and not followed: an image's
// resolv.conf may be a symlink to anywhere.
func (r *resolvConf) place(root string) error {
	rootFD, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the container's root %s: %w", root, err)
	}
	defer unix.Close(rootFD)
	how := unix.OpenHow{Flags: unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	etc, err := unix.Openat2(rootFD, "etc", &how)
	if errors.Is(err, unix.ENOENT) {
		return nil // an image without /etc asks no resolver
	}
	if err != nil {
		return fmt.Errorf("open /etc in the container's root %s: %w", root, err)
	}
	defer unix.Close(etc)
	return r.replace(etc)
}

const temporary = ".resolv.conf.net-dhcp"

func (r *resolvConf) replace(etc int) error {
	_ = unix.Unlinkat(etc, temporary, 0) // of a hook that was killed
	fd, err := unix.Openat(etc, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return fmt.Errorf("write the container's resolv.conf: %w", err)
	}
	var dir unix.Stat_t
	if unix.Fstat(etc, &dir) == nil {
		_ = unix.Fchown(fd, int(dir.Uid), int(dir.Gid)) // root's, as the container's user namespace maps it
	}
	err = finish(os.NewFile(uintptr(fd), temporary), r.text())
	if err == nil {
		err = unix.Renameat(etc, temporary, etc, "resolv.conf")
	}
	if err != nil {
		_ = unix.Unlinkat(etc, temporary, 0)
		return fmt.Errorf("write the container's resolv.conf: %w", err)
	}
	return nil
}

func finish(f *os.File, text []byte) error {
	_, err := f.Write(text)
	return errors.Join(err, f.Close())
}
