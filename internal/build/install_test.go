// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// What make install brings is a golden list of lab/e2e's, by package. make uninstall
// takes all of it away again, and nothing else.
func TestUninstallTakesAwayWhatInstallBrought(t *testing.T) {
	t.Parallel()
	tree, dest := filepath.Join(t.TempDir(), "tree"), t.TempDir()
	copyTree(t, tree)
	others := filepath.Join(dest, "usr/share/containers/oci/hooks.d/others.json")
	if err := os.MkdirAll(filepath.Dir(others), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(others, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // an upgrade, too
		command(t, tree, nil, "make", "install", "DESTDIR="+dest)
	}
	if json, _ := filepath.Glob(filepath.Join(filepath.Dir(others), "*.json")); len(json) != 1 {
		t.Errorf("make install has Podman call the hook: %q", json)
	}
	command(t, tree, nil, "make", "install-hook", "DESTDIR="+dest)
	if json, _ := filepath.Glob(filepath.Join(filepath.Dir(others), "net-dhcp-*.json")); len(json) != 2 {
		t.Errorf("make install-hook brings %q", json)
	}
	if n := len(files(t, dest)); n < 20 {
		t.Errorf("make install brings %d files", n)
	}
	command(t, tree, nil, "make", "uninstall", "DESTDIR="+dest)
	if left := files(t, dest); len(left) != 1 || left[0] != others {
		t.Errorf("make uninstall leaves %q", left)
	}
}

func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
