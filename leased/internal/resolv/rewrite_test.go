// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// Podman's file stays the same inode, or the container would keep the old one.
func TestPodmansFile(t *testing.T) {
	gc := debug.SetGCPercent(-1) // it would close what leaks
	t.Cleanup(func() { debug.SetGCPercent(gc) })
	testlan.NoLeaks(t)
	s := begin(t)
	file := s.podman(engines)
	before, err := os.Stat(file)
	must(t, err)
	s.rewrite(true, nil)
	s.reads(file, enginew)
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Errorf("%v is another file, %v", after, err)
	}
	s.rewrite(false, nil) // the second time
	s.reads(file, enginew)
}

func TestHooksFile(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.noted("rootfs/etc/resolv.conf", hooks)
	s.rewrite(true, nil)
	s.reads(file, hookw)
}

// The hook's note counts, also in a container of Podman's.
func TestNoteBeforeDescription(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podman(engines)
	noted := s.noted("rootfs/etc/resolv.conf", hooks)
	s.rewrite(true, nil)
	s.reads(noted, hookw)
	s.reads(file, engines)
}

// The hook's first line is the hook's, in its source.
func TestHeaderIsTheHooks(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../oci-hook/resolv.go")
	must(t, err)
	if !strings.Contains(string(source), strings.TrimSuffix(header, "\n")+`\n"`) {
		t.Errorf("oci-hook does not write %q", header)
	}
}

func TestEditedBySomebodyElse(t *testing.T) {
	t.Parallel()
	edited := strings.Replace(engines, "192.0.2.1\n", "192.0.2.7\n", 1)
	s := begin(t)
	file := s.podman(edited)
	s.rewrite(false, ErrEdited)
	s.reads(file, edited)
	for name, text := range map[string]string{
		"not the hook's":   engines,
		"header not first": "\n" + hooks,
		"header not whole": strings.Replace(hooks, "lease\n", "lease!\n", 1),
		"longer than any":  hooks + strings.Repeat("#\n", maxSize/2),
		"empty":            "",
	} {
		s := begin(t)
		file := s.noted("rootfs/etc/resolv.conf", text)
		t.Log(name)
		s.rewrite(false, ErrEdited)
		s.reads(file, text)
	}
}

// Two servers of one address, and one of them was another network's.
func TestOnce(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.Old, s.Now = names("192.0.2.1"), names("192.0.2.2")
	file := s.podman("nameserver 192.0.2.1\nnameserver 192.0.2.1\n")
	s.rewrite(true, nil)
	s.reads(file, "nameserver 192.0.2.2\nnameserver 192.0.2.1\n")
}

// In a user namespace, neither the file nor its directory is root's, and only its owner may
// write the file. As the owner the thread has no capability for files, so what the owner may
// not do fails.
func TestOwnersRights(t *testing.T) {
	t.Parallel()
	const owner = 100000
	s := begin(t)
	file := s.podman(engines)
	dir := filepath.Dir(file)
	must(t, os.Chown(file, owner, owner))
	must(t, os.Chmod(file, 0o600))
	must(t, os.Chown(dir, owner, owner))
	must(t, os.Chmod(dir, 0o700))
	s.rewrite(true, nil)
	s.reads(file, enginew)
	must(t, os.WriteFile(file, []byte(engines), 0))
	must(t, os.Chmod(file, 0o400))
	s.rewrite(false, unix.EACCES)
	s.reads(file, engines)
}
