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
	s.VLAN, s.Raise, s.Patience, s.Impatient = o.VLAN, true, o.LeaseTimeout, o.OnTimeout == "continue"
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
	return attach.Spec{
		Interface: a.Interface, HostEnd: hostEnd(a), FormerEnd: formerEnd(a),
		Alias: fmt.Sprintf("net-dhcp: %s/%s/%s %s", a.ContainerName, a.Network, a.Interface, ShortID(a.ContainerID)),
	}
}

// ShortID is a container's id as Podman shows it: the first 12 characters, or all of a
// shorter id.
func ShortID(id string) string { return id[:min(len(id), 12)] }

// hostEnd names the veth's host end after the attachment: as much of a digest as the kernel's
// 15 bytes have room for.
func hostEnd(a leaseapi.Attachment) string {
	return attach.Prefix + digest(whole(a) + "\x00" + a.ContainerName)[:9]
}

// formerEnd is the host end's name in earlier versions: it began with the container's name, so
// that a rule of the host about en* took the container envoy off the LAN.
func formerEnd(a leaseapi.Attachment) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, a.ContainerName)
	return name[:min(len(name), 6)] + "-" + digest(whole(a))[:8]
}

// whole tells attachments apart.
func whole(a leaseapi.Attachment) string {
	text := a.ContainerID + "\x00" + a.Network + "\x00" + a.Interface
	if a.Owner != "" {
		text += "\x00" + a.Owner
	}
	return text
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
