// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// header is the first line of the hook's file. oci-hook has the same constant, because
// it shares no code with leased; a test compares the two.
const header = "# made by net-dhcp-hook from the DHCP lease\n"

// maxSize is more than any resolver needs, in bytes.
const maxSize = 64 << 10

// rewrite edits the text in place.
func (j Job) rewrite(f *os.File) (changed bool, err error) {
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return false, fmt.Errorf("read the container's resolv.conf: %w", err)
	case len(text) > maxSize, j.File != nil && !bytes.HasPrefix(text, []byte(header)):
		return false, ErrEdited
	}
	edited, err := edit(text, j.Old, j.Now)
	if err != nil || bytes.Equal(edited, text) {
		return false, err
	}
	if err := put(f, edited); err != nil {
		_ = put(f, text) // which had room before
		return false, fmt.Errorf("write the container's resolv.conf: %w", err)
	}
	return true, nil
}

// put writes in place, because a bind mount is tied to the inode, and so that a
// concurrent reader never finds the file empty.
func put(f *os.File, text []byte) error {
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}
