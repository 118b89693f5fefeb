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
	sign := netns.Sign{Number: number, Inode: ns.Inode(), Cookie: container.Cookie()}
	process := exec.Command("sleep", "1000")
	container.Start(process)
	ns.Close()
	container.Delete()
	found, err := netns.Find(sign, netns.ByProcess)
	if err != nil {
		t.Fatal(err)
	}
	if cookie, err := found.Cookie(); err != nil || cookie != sign.Cookie {
		t.Errorf("found the one with the cookie %d, %v", cookie, err)
	}
	found.Close()
	other := sign
	other.Cookie++
	if _, err := netns.Find(other, netns.ByProcess); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another one: %v", err)
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	testlan.Eventually(t, "it is not found any more", func() bool {
		_, err := netns.Find(sign, netns.ByProcess)
		return errors.Is(err, fs.ErrNotExist)
	})
	other = sign
	other.Number = 1 << 30
	if _, err := netns.Find(other, netns.ByProcess); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a number that nobody has: %v", err)
	}
}
