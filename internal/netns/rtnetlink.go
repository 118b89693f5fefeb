// SPDX-License-Identifier: Apache-2.0

package netns

import "podman-net-dhcp/internal/rtnetlink"

// Rtnetlink opens rtnetlink inside the namespace. It pins the namespace until it is
// closed, and needs no setns afterwards.
func (n *NS) Rtnetlink() (c *rtnetlink.Conn, err error) {
	err = n.Do(func() (err error) { c, err = rtnetlink.Open(); return err })
	return c, err
}
