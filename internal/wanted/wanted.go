// SPDX-License-Identifier: Apache-2.0

// Package wanted is one container's interface as its caller asks for it, between steps 1 and
// 3 of the way of a lease: the options that the user typed, and what follows of them for the
// link and for the servers. The package is pure but for the machine-id. leased and the
// programs in front share it.
package wanted

import (
	"errors"
	"fmt"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
)

// Interface is the container's interface that is wanted on a network.
type Interface struct {
	leaseapi.Attachment
	Netns     string // path
	Options   options.Options
	Numbered  bool     // the runtime has numbered the interface by chance: the number is no part of the identity
	Hostnames []string // candidates for the DHCP host name, best first
}

// Check refuses a request without a name, or without a host interface to attach to.
func (r Interface) Check() error {
	for what, value := range map[string]string{"container id": r.ContainerID, "network name": r.Network} {
		if value == "" {
			return fmt.Errorf("no %s given", what)
		}
	}
	if err := options.CheckInterfaceName(r.Interface); err != nil {
		return fmt.Errorf("interface name %q: %w", r.Interface, err)
	}
	if r.Options.Host() == "" {
		return errors.New("neither bridge nor parent is given; set one of them, or create the network again")
	}
	return nil
}

// first is the interface of a container that has one.
const first = "eth0"

func (r Interface) identity() options.Identity {
	name := r.ContainerName
	if name == "" {
		name = r.ContainerID
	}
	id := options.Identity{Network: r.Network, Container: name, Interface: r.Interface}
	if r.Numbered {
		id.Interface = first
	}
	return id
}
