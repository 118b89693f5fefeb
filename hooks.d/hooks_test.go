// SPDX-License-Identifier: Apache-2.0

package hooksd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/containers/common/pkg/hooks"
	current "github.com/containers/common/pkg/hooks/1.0.0"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// The JSON as Podman reads it, with the path that make install writes.
func TestPodmanReadsTheHooks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "net-dhcp-hook")
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), bytes.ReplaceAll(text, []byte("@HOOK@"), []byte(program)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read := map[string]*current.Hook{}
	if err := hooks.ReadDir(dir, []string{"poststop", "precreate"}, read); err != nil || len(read) != 2 {
		t.Fatalf("read %v, %v", read, err)
	}
	for name, stage := range map[string]string{"net-dhcp-create.json": "createRuntime", "net-dhcp-poststop.json": "poststop"} {
		h := read[name]
		if !slices.Equal(h.Stages, []string{stage}) || !slices.Equal(h.Hook.Args, []string{"net-dhcp-hook", stage}) || h.Hook.Path != program {
			t.Errorf("%s: %+v", name, h)
		}
		for annotations, want := range map[string]bool{"io.leased.bridge": true, "io.leased.1.parent": true, "io.leasedx": false, "io.other": false, "x.io.leased.bridge": false} {
			got, err := h.When.Match(&specs.Spec{Process: &specs.Process{Args: []string{"sh"}}}, map[string]string{annotations: "x"}, true)
			if err != nil || got != want {
				t.Errorf("%s for %s: %v, %v", name, annotations, got, err)
			}
		}
	}
}
