// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"os"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
)

// openHost opens the host, to make links.
func (l Linux) openHost() (*attach.Host, error) {
	host, err := attach.OpenHost(l.Host)
	if err == nil {
		host.KeepOut = l.keepOut
	}
	return host, err
}

// keepOut keeps the host out of what is behind one of its interfaces: it gets no IPv6 address
// there, and does not answer ARP for its addresses.
func (l Linux) keepOut(name string) error {
	return netns.OrOwn(l.Host).Sysctl(func(dir string) error {
		return errors.Join(set(dir+"/net/ipv6/conf/"+name+"/disable_ipv6", "1"), set(dir+"/net/ipv4/conf/"+name+"/arp_ignore", "8"))
	})
}

// set writes a sysctl, if there is one: the kernel may have no IPv6.
func set(file, value string) error {
	if err := os.WriteFile(file, []byte(value), 0); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
