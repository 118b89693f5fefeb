// SPDX-License-Identifier: Apache-2.0

package wanted

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
)

// Link returns the link to make. Its MAC is nil where the container takes the place of the
// NIC (passthru).
func (r Interface) Link() (attach.Spec, error) {
	o := r.Options
	s := Signs(r.Attachment)
	s.Host, s.Mode, s.Isolate, s.Guard, s.MTU = o.Host(), o.Mode, o.Isolate, o.Guard, o.MTU
	if o.Parent != "" && o.Mode == "passthru" && o.MAC == nil {
		return s, nil // the container takes the NIC's place, MAC and all
	}
	mac, err := o.LinkMAC(r.identity())
	s.MAC = mac
	return s, err
}

// Signs is the part of the link that follows of the attachment alone. By it a link is known
// whose maker died.
func Signs(a leaseapi.Attachment) attach.Spec {
	digest := digestOf(a)
	return attach.Spec{
		Interface: a.Interface, HostEnd: attach.Prefix + digest[:9], FormerEnd: formerEnd(a, digest),
		Alias: fmt.Sprintf("net-dhcp: %s/%s/%s %s", a.ContainerName, a.Network, a.Interface, ShortID(a.ContainerID)),
	}
}

// ShortID is a container's id as Podman shows it: the first 12 characters, or all of a
// shorter id.
func ShortID(id string) string { return id[:min(len(id), 12)] }

// digestOf tells attachments apart, in hex. The name of the veth's host end has the beginning
// of it, as much as the kernel's 15 bytes have room for.
func digestOf(a leaseapi.Attachment) string {
	whole := a.ContainerID + "\x00" + a.Network + "\x00" + a.Interface
	if a.Owner != "" {
		whole += "\x00" + a.Owner
	}
	sum := sha256.Sum256([]byte(whole))
	return hex.EncodeToString(sum[:])
}

// formerEnd is the host end's name in version 0.1: it began with the container's name, so that
// a rule of the host about en* took the container envoy off the LAN.
func formerEnd(a leaseapi.Attachment, digest string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, a.ContainerName)
	return name[:min(len(name), 6)] + "-" + digest[:8]
}
