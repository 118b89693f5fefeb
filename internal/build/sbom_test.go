// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// sbom is what the test reads of a CycloneDX document.
type sbom struct {
	Format     string `json:"bomFormat"`
	Metadata   struct{ Component component }
	Components []component
	Depends    []struct {
		Ref string
		On  []string `json:"dependsOn"`
	} `json:"dependencies"`
}

type component struct {
	Ref                 string `json:"bom-ref"`
	Type, Name, Version string
}

// The SBOM of a release lists each program and each module that go.mod builds in.
func TestSBOMListsWhatIsBuiltIn(t *testing.T) {
	t.Parallel()
	s := bill(t)
	modules, programs := map[string]string{}, []string{}
	refs := map[string]bool{s.Metadata.Component.Ref: true}
	for _, c := range s.Components {
		refs[c.Ref] = true
		switch {
		case c.Type == "application" && c.Version == "1.2.3":
			programs = append(programs, c.Name)
		case c.Type == "library" && c.Name != "std":
			modules[c.Name] = c.Version
		}
	}
	want := map[string]string{}
	for path, d := range builtIn(t) {
		if path != theGo {
			want[path] = d.version
		}
	}
	if !maps.Equal(modules, want) {
		t.Errorf("it lists %v, and built in are %v", modules, want)
	}
	if all := []string{"/full", "/hook", "/leased", "/plugin", "/tool"}; !slices.Equal(programs, all) {
		t.Errorf("it lists the programs %q, want %q", programs, all)
	}
	if !refs["pkg:golang/std@"+goVersion(t)+"?type=module"] {
		t.Errorf("it does not list the standard library of %s", goVersion(t))
	}
	for _, d := range s.Depends {
		for _, ref := range append(d.On, d.Ref) {
			if !refs[ref] {
				t.Errorf("%s depends on %s, which is not listed", d.Ref, ref)
			}
		}
	}
}

// bill builds all programs and writes their SBOM.
func bill(t *testing.T) (s sbom) {
	t.Helper()
	tool := exec.Command("sh", "-c", "command -v jq && go tool -modfile=lab/tools.mod -n cyclonedx-gomod")
	tool.Dir = root
	if out, err := tool.CombinedOutput(); err != nil && os.Getenv("CI") == "" {
		t.Skipf("needs jq, and cyclonedx-gomod of lab/tools.mod: %v: %s", err, out)
	}
	dir := t.TempDir()
	for folder, name := range map[string]string{
		"netavark-plugin": "plugin", "netavark-plugin/full": "full", "oci-hook": "hook", "leased": "leased", "leased/tool": "tool",
	} {
		command(t, root, []string{"CGO_ENABLED=0"}, "go", "build", "-tags", tags(t), "-o", filepath.Join(dir, name), "./"+folder)
	}
	path := filepath.Join(t.TempDir(), "sbom.json")
	command(t, root, nil, "packaging/sbom", dir, "1.2.3", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &s); err != nil || s.Format != "CycloneDX" {
		t.Fatalf("%q, %v", s.Format, err)
	}
	return s
}

func goVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out[:len(out)-1])
}
