// SPDX-License-Identifier: Apache-2.0

package front

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"podman-net-dhcp/internal/leaseapi"
)

// ShortID is a container's id as Podman shows it: the first 12 characters, or all of a
// shorter id.
func ShortID(id string) string { return id[:min(len(id), 12)] }

// hostEnd names the veth's host end after the attachment, in the kernel's 15
// bytes: the beginning of the container's name and a digest of the whole.
func hostEnd(a leaseapi.Attachment) string {
	sum := sha256.Sum256([]byte(a.ContainerID + "\x00" + a.Network + "\x00" + a.Interface))
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, a.ContainerName)
	return name[:min(len(name), 6)] + "-" + hex.EncodeToString(sum[:4])
}
