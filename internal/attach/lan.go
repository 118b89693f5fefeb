// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"strconv"
	"strings"
)

// noName separates a bridge or parent from its VLAN: no interface's name has a slash.
const noName = "/vlan"

// LAN names the LAN that a bridge or parent leads to, for the user and to tell LANs apart: each
// VLAN there is one. vlan is 0 for none.
func LAN(host string, vlan int) string {
	if vlan == 0 {
		return host
	}
	return host + noName + strconv.Itoa(vlan)
}

// SplitLAN returns what LAN was made of.
func SplitLAN(lan string) (host string, vlan int) {
	host, number, _ := strings.Cut(lan, noName)
	vlan, _ = strconv.Atoi(number)
	return host, vlan
}
