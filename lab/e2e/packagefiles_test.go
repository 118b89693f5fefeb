// SPDX-License-Identifier: Apache-2.0

//go:build lab && packages

package e2e

import (
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// elsewhere is what no package of ours may have to do with: what the kernel shows, what
// Podman has, and what the package managers write about all packages.
var elsewhere = []string{
	"/proc", "/sys", "/dev", "/tmp", "/root", "/run", "/usr/local/lib/lab",
	"/etc/containers/networks", "/var/lib/containers", "/var/cache", "/var/log", "/var/lib/apt", "/var/lib/dpkg", "/var/lib/rpm", "/var/lib/systemd/timers",
}

// listing is what is in the machine, by path: mode, owner and what the path is. A
// directory's ends with a slash.
func listing() map[string]string {
	all := map[string]string{}
	for _, top := range []string{"/", "/run/leased"} {
		filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // gone since, or it was never there
			}
			if slices.Contains(elsewhere, path) {
				return fs.SkipDir
			}
			// systemd makes a directory of links when there is the first, and
			// Debian removes it with the last.
			if info, err := d.Info(); err == nil && !(d.IsDir() && strings.HasSuffix(path, ".target.wants")) {
				all[path] = describe(path, info)
			}
			return nil
		})
	}
	return all
}

func describe(path string, info fs.FileInfo) string {
	stat := info.Sys().(*syscall.Stat_t)
	owner := fmt.Sprintf("%d:%d", stat.Uid, stat.Gid)
	if stat.Uid|stat.Gid == 0 {
		owner = "root:root"
	}
	mode := info.Mode()
	switch mode.Type() {
	case fs.ModeDir:
		path += "/"
	case fs.ModeSymlink:
		to, _ := os.Readlink(path)
		path += " -> " + to
	case fs.ModeSocket:
		path += " (socket)"
	}
	return fmt.Sprintf("%04o %s %s", stat.Mode&0o7777, owner, path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// newLines are the lines of a listing that another has not, with the package's name.
func newLines(before, now map[string]string, name string) (lines []string) {
	for path, line := range now {
		if before[path] != line {
			lines = append(lines, name+" "+line)
		}
	}
	return lines
}

//go:embed testdata/packages
var goldenList string

// golden compares the lines with the list in testdata: those of both formats, and of
// this one.
func (l *life) golden(lines ...[]string) {
	l.Helper()
	got := slices.Sorted(slices.Values(slices.Concat(lines...)))
	var want []string
	for line := range strings.Lines(goldenList) {
		f := strings.Fields(line)
		if len(f) > 1 && (f[0] == "both" || f[0] == l.kind) {
			want = append(want, strings.Join(f[1:], " "))
		}
	}
	slices.Sort(want)
	for _, line := range got {
		if !slices.Contains(want, line) {
			l.Errorf("not in testdata/packages: %s %s", l.kind, line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			l.Errorf("in testdata/packages, and not here: %s %s", l.kind, line)
		}
	}
}

// left checks that of the packages nothing but state is left.
func (l *life) left(before map[string]string) {
	l.Helper()
	for path, line := range listing() {
		isState := slices.ContainsFunc(l.state, func(s string) bool { return path == s || strings.HasPrefix(path, s+"/") })
		if before[path] != line && !isState {
			l.Errorf("left behind: %s", line)
		}
	}
	l.nothingTaken(before)
}

// nothingTaken checks that all that was there before is there.
func (l *life) nothingTaken(before map[string]string) {
	l.Helper()
	now := listing()
	for path, line := range before {
		if now[path] == "" {
			l.Errorf("gone: %s", line)
		}
	}
}

// nothing purges and checks that the machine is as before. Where packages are not
// purged, an administrator takes the state away by hand.
func (l *life) nothing(before map[string]string) {
	l.Helper()
	if len(l.purge) > 0 {
		must(l, l.purge[0], append(l.purge[1:len(l.purge):len(l.purge)], hookPackage, mainPackage)...)
	} else {
		for _, path := range l.state {
			os.RemoveAll(path)
		}
	}
	l.state = nil
	l.left(before)
	if u, err := user.Lookup("leased"); err == nil && len(l.purge) > 0 {
		l.Errorf("the user %s is left", u.Username)
	}
}
