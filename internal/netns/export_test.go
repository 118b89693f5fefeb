// SPDX-License-Identifier: Apache-2.0

package netns

import vns "github.com/vishvananda/netns"

// LoseHome makes the way back fail until the function returned is called.
func LoseHome() (restore func()) {
	old := home
	home = func() (vns.NsHandle, error) { return vns.None(), nil }
	return func() { home = old }
}
