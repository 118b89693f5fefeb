// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"io/fs"
	"os"
)

// Take makes an NS of a descriptor that somebody else has opened. The NS owns f: Close closes
// it, and so does Take when it fails, as Open does.
func Take(f *os.File) (*NS, error) {
	n := &NS{file: f}
	if err := n.identify(); err != nil {
		n.Close()
		return nil, &fs.PathError{Op: "open network namespace", Path: f.Name(), Err: err}
	}
	return n, nil
}
