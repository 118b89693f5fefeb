// SPDX-License-Identifier: Apache-2.0

package request

import (
	"path/filepath"

	"podman-net-dhcp/internal/leaseapi"
)

// Note says which resolv.conf the hook has written for a container.
type Note struct {
	ContainerID   string
	Owner         string // "": none
	Path          string // absolute and clean
	Device, Inode uint64 // as in stat(2)
}

// ParseNote checks the parameters of a NoteResolvConf. It fails with an *InvalidError.
func ParseNote(a leaseapi.NoteResolvConfRequest) (Note, error) {
	var p parser
	p.check("containerId", a.ContainerID != "" && len(a.ContainerID) <= maxName)
	p.check("owner", len(a.Owner) <= maxName)
	p.check("path", filepath.IsAbs(a.Path) && filepath.Clean(a.Path) == a.Path && len(a.Path) <= maxPath && plain(a.Path, 0))
	p.check("inode", a.Inode != 0)
	if p.bad != "" {
		return Note{}, &InvalidError{p.bad}
	}
	return Note(a), nil
}
