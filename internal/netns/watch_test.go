// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// A namespace's end is heard of under its number, and being numbered does not keep
// it alive.
func TestWatchHearsOfTheEnd(t *testing.T) {
	testlan.RequireRoot(t)
	w, err := netns.Watch()
	if err != nil {
		t.Fatal(err)
	}
	ns, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	id, err := ns.ID()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ns.ID(); err != nil || again != id {
		t.Errorf("its number is %d, then %d, %v", id, again, err)
	}
	ns.Close()
	for {
		ended, _, err := w.Next()
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(ended, id) {
			break
		}
	}
	heard := make(chan error)
	go func() { _, _, err := w.Next(); heard <- err }()
	w.Close()
	if err := <-heard; !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
