// SPDX-License-Identifier: Apache-2.0

package request

import (
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
)

// theHost is the shim's container, as it were. No engine takes a name with a space.
const theHost = "the host"

// ShimSetup asks for the lease of the host's shim on a parent, for a link in a netns of leased's
// own, which is found at path. The identity derives from the host and the parent. The server hears
// no host name: it knows the host by its name already, at another address.
func ShimSetup(on, path string) (Setup, error) {
	o, err := options.Parse(map[string]string{
		"parent": on, "hostname": "none", "dns": "none", "routes": "none", "conflict_check": "off", "on_timeout": "continue",
	})
	if err != nil {
		return Setup{}, err
	}
	return Setup{shim: true, networks: 1, Wanted: wanted.Interface{Attachment: shimOn(on), Netns: path, Options: o}}, nil
}

func shimOn(parent string) leaseapi.Attachment {
	return leaseapi.Attachment{ContainerID: theHost, ContainerName: theHost, Network: "shim of " + parent, Interface: "eth0"}
}

// ShimOn is the attachment of ShimSetup.
func ShimOn(parent string) Attachment { return Attachment(shimOn(parent)) }
