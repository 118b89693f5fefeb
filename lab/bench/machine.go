// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/bench/report"
)

func machine() (report.Machine, error) {
	cpu, err := cpuModel()
	if err != nil {
		return report.Machine{}, err
	}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return report.Machine{}, fmt.Errorf("ask for the kernel's name: %w", err)
	}
	versions, err := versions()
	return report.Machine{
		CPU: cpu, Cores: runtime.NumCPU(), Kernel: unix.ByteSliceToString(uts.Release[:]), Versions: versions,
	}, err
}

func cpuModel() (string, error) {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value), nil
		}
	}
	return runtime.GOARCH, nil // not every architecture names one
}

// versions asks the programs or, of those that do not know, the package.
func versions() ([]report.Version, error) {
	var all []report.Version
	for _, p := range []struct {
		name string
		argv []string
	}{
		{"podman-net-dhcp", []string{"leased", "--version"}},
		{"Podman", []string{"podman", "--version"}},
		{"netavark", []string{netavark20.path, "--version"}},
		{"netavark of Debian 13", []string{netavark114.path, "--version"}},
		{"CNI plugins", packaged("containernetworking-plugins")},
		{"busybox", packaged("busybox-static")},
		{"dnsmasq", packaged("dnsmasq-base")},
		{"systemd", packaged("systemd")},
	} {
		out, err := program{argv: p.argv}.run()
		if err != nil {
			return nil, err
		}
		words := strings.Fields(string(out)) // "podman version 6.1.1"
		all = append(all, report.Version{Name: p.name, Version: words[len(words)-1]})
	}
	return append(all, report.Version{Name: "Go", Version: runtime.Version()}), nil
}

func packaged(name string) []string {
	return []string{"dpkg-query", "-W", "-f", "${Version}\n", name}
}
