// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"os"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// It is the namespace's own setting, and the procfs is gone afterwards.
func TestSysctl(t *testing.T) {
	testlan.RequireRoot(t)
	const name = "/net/ipv6/conf/default/hop_limit"
	a, b := testlan.New(t).Container().Open(), testlan.New(t).Container().Open()
	dir := ""
	must(t, a.Sysctl(func(d string) error {
		dir = d
		return os.WriteFile(d+name, []byte("77"), 0)
	}))
	if !strings.HasPrefix(dir, "/proc/self/fd/") {
		t.Errorf("the directory is %s, which all share", dir)
	}
	for ns, want := range map[interface{ Do(fn func() error) error }]string{a: "77", b: "64"} {
		must(t, ns.Do(func() error {
			if got, err := os.ReadFile("/proc/sys" + name); err != nil || strings.TrimSpace(string(got)) != want {
				t.Errorf("%q, %v; want %s", got, err, want)
			}
			return nil
		}))
	}
	if _, err := os.Stat(dir + name); err == nil {
		t.Errorf("%s is there still", dir)
	}
}
