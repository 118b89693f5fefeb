// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// New makes a network namespace without a path; it ends with Close.
func New() (*NS, error) {
	n := &NS{}
	err := lend(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		n.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	if err := n.identify(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}
