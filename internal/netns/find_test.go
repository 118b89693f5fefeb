// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"errors"
	"io/fs"
	"os/exec"
	"testing"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// A namespace whose path is gone is found by its processes for as long as it lives.
func TestFindWithoutAPath(t *testing.T) {
	testlan.RequireRoot(t)
	container := testlan.New(t).Container()
	ns, err := netns.Open(container.Path)
	if err != nil {
		t.Fatal(err)
	}
	number, err := ns.ID()
	if err != nil {
		t.Fatal(err)
	}
	cookie := ns.Cookie()
	process := exec.Command("sleep", "1000")
	container.Start(process)
	ns.Close()
	container.Delete()
	found, err := netns.Find(number, cookie)
	if err != nil || found.Cookie() != cookie {
		t.Fatalf("%v, %v", found, err)
	}
	found.Close()
	if _, err := netns.Find(number, cookie+1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another one: %v", err)
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	testlan.Eventually(t, "it is not found any more", func() bool {
		_, err := netns.Find(number, cookie)
		return errors.Is(err, fs.ErrNotExist)
	})
	if _, err := netns.Find(1<<30, cookie); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a number that nobody has: %v", err)
	}
}
