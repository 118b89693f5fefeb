// SPDX-License-Identifier: Apache-2.0

package main

import "os"

// CNI's plugins, with their DHCP daemon beside them.
const (
	cniDir    = "/usr/lib/cni"
	cniSocket = "/run/cni/dhcp.sock"
	cniConfig = `{"cniVersion":"1.0.0","name":"lan","type":"macvlan","master":"` + nic + `","mode":"bridge","ipam":{"type":"dhcp"}}`
)

func cni() *way {
	return &way{name: "CNI macvlan + dhcp", kind: peerKind, rounds: middleRounds, attach: func(t try) (func() error, error) {
		return func() error { return cniCommand("DEL", t) }, cniCommand("ADD", t)
	}}
}

func cniCommand(verb string, t try) error {
	_, err := program{
		argv: []string{cniDir + "/macvlan"}, stdin: []byte(cniConfig),
		env: []string{
			"CNI_COMMAND=" + verb, "CNI_CONTAINERID=" + t.id, "CNI_NETNS=" + t.path(),
			"CNI_IFNAME=eth0", "CNI_PATH=" + cniDir,
		},
	}.run()
	return err
}

func cniDaemon() error {
	if _, err := background(cniDir+"/dhcp", "daemon"); err != nil {
		return err
	}
	return awaitFile(cniSocket)
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }
