// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Names returns all names of the interface that has a name or alternative name, its own one
// first; none if there is no such interface.
func (h *Host) Names(name string) ([]string, error) {
	names, err := h.conn.Names(name)
	if errors.Is(err, unix.ENODEV) {
		return nil, nil
	}
	return names, err
}
