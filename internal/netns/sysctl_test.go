// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

const hopLimit = "/net/ipv6/conf/default/hop_limit"

// It is the namespace's own setting.
func TestSysctl(t *testing.T) {
	testlan.RequireRoot(t)
	a, b := testlan.New(t).Container().Open(), testlan.New(t).Container().Open()
	for ns, value := range map[*netns.NS]string{a: "77", b: "78"} {
		must(t, ns.Sysctl(func(dir string) error {
			if !strings.HasPrefix(dir, "/proc/self/fd/") {
				t.Errorf("the directory is %s, which all share", dir)
			}
			return os.WriteFile(dir+hopLimit, []byte(value), 0)
		}))
	}
	for ns, want := range map[*netns.NS]string{a: "77", b: "78"} {
		must(t, ns.Do(func() error { wantSysctl(t, "/proc/sys", want); return nil }))
		must(t, ns.Sysctl(func(dir string) error { wantSysctl(t, dir, want); return nil }))
	}
	wantSysctl(t, "/proc/sys", "64")
	must(t, netns.OrOwn(nil).Sysctl(func(dir string) error { wantSysctl(t, dir, "64"); return nil }))
}

func wantSysctl(t *testing.T, dir, want string) {
	t.Helper()
	if got, err := os.ReadFile(dir + hopLimit); err != nil || strings.TrimSpace(string(got)) != want {
		t.Errorf("in %s: %q, %v; want %s", dir, got, err, want)
	}
}

// A mount that is in use is not closed, however often others are used meanwhile; one mount
// is left after all.
func TestSysctlWhileOthersUseMany(t *testing.T) {
	testlan.NoLeaks(t)
	ns := testlan.New(t).Container().Open()
	use := func() {
		must(t, ns.Sysctl(func(dir string) error { wantSysctl(t, dir, "64"); return nil }))
	}
	must(t, ns.Sysctl(func(dir string) error {
		others := make(chan struct{})
		go func() { everywhere(200, use); close(others) }()
		<-others
		wantSysctl(t, dir, "64")
		return nil
	}))
}

// The procfs that stays mounted holds no namespace.
func TestSysctlPinsNothing(t *testing.T) {
	lan := testlan.New(t)
	n := lan.Container()
	link := lan.Veth(n, "eth0")
	ns := n.Open()
	must(t, ns.Sysctl(func(dir string) error {
		return os.WriteFile(dir+"/net/ipv6/conf/"+link.Name+"/accept_ra", []byte("0"), 0)
	}))
	number, err := ns.ID()
	must(t, err)
	must(t, ns.Close())
	n.Delete()
	testlan.Eventually(t, "the namespace has ended", func() bool {
		alive, err := netns.Alive(number)
		return !alive && err == nil
	})
}

// BenchmarkSysctl is the way to a sysctl that exists in each namespace, each time in
// another namespace.
func BenchmarkSysctl(b *testing.B) {
	lan := testlan.New(b)
	var all []*netns.NS
	for range 100 {
		all = append(all, lan.Container().Open())
	}
	for i := 0; b.Loop(); i++ {
		err := all[i%len(all)].Sysctl(func(dir string) error { return unix.Access(dir+hopLimit, unix.W_OK) })
		if err != nil {
			b.Fatal(err)
		}
	}
}
