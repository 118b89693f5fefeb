// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"bytes"
	"os"
	"path/filepath"

	"podman-net-dhcp/internal/netns"
)

// noLinkLocal is IN6_ADDR_GEN_MODE_NONE: the kernel forms no link-local address.
const noLinkLocal = "1"

// MakeLinkLocal has the kernel form the interface's link-local address again, as SetAutoconf
// had it. The kernel does so by itself only when the link comes up, or when the mode changes
// in which it forms addresses. An address that is there stays. Errors are ErrNoIPv6, ErrGone
// and the system's own.
func MakeLinkLocal(ns *netns.NS, a Autoconf) error {
	return ns.Sysctl(func(dir string) error {
		dir = filepath.Join(dir, "net/ipv6/conf", a.Interface)
		if err := hasIPv6(filepath.Dir(dir), a.Interface); err != nil {
			return err
		}
		mode, err := os.ReadFile(dir + "/addr_gen_mode")
		if err != nil {
			return a.failed(err)
		}
		was := string(bytes.TrimSpace(mode))
		if was == noLinkLocal { // so the container wants it
			return nil
		}
		for _, value := range []string{noLinkLocal, was} {
			if err := write(dir+"/addr_gen_mode", value); err != nil {
				return a.failed(err)
			}
		}
		return nil
	})
}
