// SPDX-License-Identifier: Apache-2.0

package main

import "podman-net-dhcp/lab/bench/report"

const emptyProgram = "/usr/local/lib/lab/empty"

// execEmpty is what each way pays that starts a Go program, such as ours.
func execEmpty() *way {
	return &way{
		name: report.Exec, kind: boundKind, rounds: quickRounds, noLink: true,
		attach: func(try) (func() error, error) { return nil, command(emptyProgram) },
	}
}

// attachWays are what a container's start can be given its address by.
func (h *host) attachWays() []*way {
	return []*way{
		ours(report.Macvlan, onMacvlan()), ours(report.Bridge, onBridge()),
		cni(), netavark114.own(), netavark20.own(), h.udhcpc(),
	}
}

func (h *host) bounds() []*way {
	return []*way{execEmpty(), floor(report.Floor, h.macvlan), floor(report.FloorBridge, h.veth)}
}

// measureAttach measures all ways one at a time, all in one: what netavark's own
// driver takes stands in two tables.
func (h *host) measureAttach(r *report.Report) error {
	ways := append(h.bounds(), h.attachWays()...)
	n := len(ways)
	results, err := inTurn("attach", append(ways, netavark114.ours(), netavark20.ours()), r.Quick)
	if err != nil {
		return err
	}
	r.Attach = results[:n]
	for _, name := range []string{report.Netavark1Own, report.Netavark1Ours, report.Netavark2Own, report.Netavark2Ours} {
		r.Netavark = append(r.Netavark, report.Find(results, name))
	}
	return lanForget()
}
