// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The AppArmor profile gives leased the capabilities of its unit, and no program.
func TestAppArmorProfileIsTheUnits(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join(root, "packaging", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	profile := read("apparmor/leased")
	var allowed []string
	for _, m := range regexp.MustCompile(`(?m)^  capability (\w+),$`).FindAllStringSubmatch(profile, -1) {
		allowed = append(allowed, "CAP_"+strings.ToUpper(m[1]))
	}
	m := regexp.MustCompile(`(?m)^CapabilityBoundingSet=(.*)$`).FindStringSubmatch(read("systemd/leased.service"))
	if m == nil {
		t.Fatal("leased.service has no CapabilityBoundingSet=")
	}
	unit := strings.Fields(m[1])
	slices.Sort(unit)
	slices.Sort(allowed)
	if !slices.Equal(allowed, unit) {
		t.Errorf("the profile allows %q, and the unit %q", allowed, unit)
	}
	if rule := regexp.MustCompile(`(?m)^  /.* \w*x\w*,$`).FindString(profile); rule != "" {
		t.Errorf("the profile lets leased execute: %s", rule)
	}
}
