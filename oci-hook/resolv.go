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
	follows bool // the leases, also later
}

func (r *resolvConf) add(o options.Options, l *leaseapi.Lease) {
	r.servers = leaseapi.AppendNew(r.servers, o.DNSList)
	r.follows = r.follows || o.DNS == "dhcp"
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
// touched. write returns the file; its path is empty if there is none.
func (r *resolvConf) write(c container) (w written, err error) {
	if len(r.servers) == 0 {
		return w, nil
	}
	config, err := c.config()
	if err != nil {
		return w, fmt.Errorf("find the container's resolv.conf: %w", err)
	}
	if m := mounted(config); m != nil {
		if !c.isEngines(m, config) {
			return w, nil
		}
		return r.overwrite(m.Source)
	}
	if config.Root == nil {
		return w, errors.New("find the container's resolv.conf: config.json names no root")
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
func (r *resolvConf) overwrite(path string) (w written, err error) {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_TRUNC|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return w, fmt.Errorf("write %s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	return r.fill(f, func() error { return nil })
}

// place puts a new file into the root's /etc. The way there is resolved inside
// the root, and what is there now is replaced and not followed: an image's
// resolv.conf may be a symlink to anywhere.
func (r *resolvConf) place(root string) (w written, err error) {
	rootFD, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return w, fmt.Errorf("open the container's root %s: %w", root, err)
	}
	defer unix.Close(rootFD)
	how := unix.OpenHow{Flags: unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	etc, err := unix.Openat2(rootFD, "etc", &how)
	if errors.Is(err, unix.ENOENT) {
		return w, nil // an image without /etc asks no resolver
	}
	if err != nil {
		return w, fmt.Errorf("open /etc in the container's root %s: %w", root, err)
	}
	defer unix.Close(etc)
	return r.replace(etc)
}

const temporary = ".resolv.conf.net-dhcp"

func (r *resolvConf) replace(etc int) (w written, err error) {
	_ = unix.Unlinkat(etc, temporary, 0) // of a hook that was killed
	fd, err := unix.Openat(etc, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return w, fmt.Errorf("write the container's resolv.conf: %w", err)
	}
	f := os.NewFile(uintptr(fd), temporary)
	defer f.Close()
	var dir unix.Stat_t
	if unix.Fstat(etc, &dir) == nil {
		_ = unix.Fchown(fd, int(dir.Uid), int(dir.Gid)) // root's, as the container's user namespace maps it
	}
	w, err = r.fill(f, func() error { return unix.Renameat(etc, temporary, etc, "resolv.conf") })
	if err != nil {
		_ = unix.Unlinkat(etc, temporary, 0)
		return w, fmt.Errorf("write the container's resolv.conf: %w", err)
	}
	return w, nil
}

// written is a file that the hook has written.
type written struct {
	path          string // without symlinks
	device, inode uint64
}

// fill writes the file, and puts it in its place then.
func (r *resolvConf) fill(f *os.File, put func() error) (w written, err error) {
	if _, err := f.Write(r.text()); err != nil {
		return w, err
	}
	if err := put(); err != nil {
		return w, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return w, err
	}
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	return written{path, uint64(st.Dev), st.Ino}, err
}
