// SPDX-License-Identifier: Apache-2.0

package man_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is the code of programs and of what they share, without tests.
func source(t *testing.T, dirs ...string) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range dirs {
		err := filepath.WalkDir("../../"+dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "/failpoint/") {
				all.WriteString(read(t, path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// programs by their pages.
var programs = map[string]string{"leased.8": "leased", "net-dhcp-hook.8": "oci-hook", "net-dhcp.7": "netavark-plugin"}

// The exit codes in main and run; the Go runtime's own is 2, at a panic in leased.
func TestExitCodesAreDescribed(t *testing.T) {
	t.Parallel()
	for name, dir := range programs {
		codes := []string{"0"}
		if dir == "leased" {
			codes = append(codes, "2")
		}
		for _, file := range []string{"main.go", "run.go", "idle.go", "full/run.go"} {
			text := ""
			if found, _ := filepath.Glob("../../" + dir + "/" + file); len(found) > 0 {
				text = read(t, found[0])
			}
			for _, m := range regexp.MustCompile(`(?:os\.Exit\(|return |const exit\w+ = )(\d)\b`).FindAllStringSubmatch(text, -1) {
				codes = append(codes, m[1])
			}
		}
		same(t, name, names(chapter(t, page(t, name), "## EXIT STATUS")), codes)
	}
}

// What our code reads of the environment, and what go-systemd and the Go runtime read for leased.
func TestEnvironmentIsDescribed(t *testing.T) {
	t.Parallel()
	for name, dir := range programs {
		var read []string
		for _, m := range regexp.MustCompile(`Getenv\("(\w+)"\)`).FindAllStringSubmatch(source(t, dir, "internal"), -1) {
			read = append(read, m[1])
		}
		if dir == "leased" {
			read = append(read, "GOMEMLIMIT", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")
		}
		same(t, name, names(chapter(t, page(t, name), "## ENVIRONMENT")), read)
	}
}

// Messages that the pages explain are ones that the programs have.
func TestDiagnosticsAreInTheCode(t *testing.T) {
	t.Parallel()
	text := source(t, "leased", "internal", "oci-hook")
	// Prefix and bounds are variables there.
	text = strings.NewReplacer("%[1]sOPTION", "io.leased.OPTION", "%[1]sN.OPTION", "io.leased.N.OPTION", "from 1 to %[3]d", "from 1 to 15").Replace(text)
	for _, name := range []string{"leased.8", "net-dhcp-hook.8"} {
		said := names(chapter(t, page(t, name), "## DIAGNOSTICS"))
		for _, words := range said {
			if !strings.Contains(text, strings.TrimSpace(words)) {
				t.Errorf("%s explains %q, which nobody says", name, words)
			}
		}
		if len(said) < 5 {
			t.Errorf("%s explains %q", name, said)
		}
	}
}

// A page that is referred to is ours, or one that is known to be.
func TestReferencesLead(t *testing.T) {
	t.Parallel()
	others := []string{
		"containers.conf(5)", "crun(1)", "ip-link(8)", "journalctl(1)", "machine-id(5)", "oci-hooks(5)", "podman-network-create(1)", "podman-run(1)",
		"podman-systemd.unit(5)", "runc(8)", "sd_listen_fds(3)", "sd_notify(3)", "sd_watchdog_enabled(3)", "systemd-machine-id-setup(1)", "systemd.netdev(5)", "systemd.socket(5)",
		"varlinkctl(1)",
	}
	for _, name := range pages {
		for _, m := range regexp.MustCompile(`\*\*([\w.-]+)\*\*(\(\d\))`).FindAllStringSubmatch(page(t, name), -1) {
			ours := slices.Contains(pages, m[1]+"."+strings.Trim(m[2], "()"))
			if !ours && !slices.Contains(others, m[1]+m[2]) {
				t.Errorf("%s refers to %s%s", name, m[1], m[2])
			}
		}
	}
}
