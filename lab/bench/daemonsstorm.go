// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"

	"podman-net-dhcp/lab/bench/report"
)

// measureStorm has many leases renew, each once and all within a minute: as much as a
// server with leases of two minutes asks of a host, and with the usual ones of hours
// that of a hundred such hosts.
func measureStorm(lan *manyLAN, size sizes) (d report.Daemon, err error) {
	// Spread over half the storm, since the ARP tables of who renews have no more room.
	t1 := func(i int) []string {
		return []string{fmt.Sprintf("--dhcp-option-force=option:T1,%d", size.t1-i*size.t1/2/lan.nics)}
	}
	if err := errors.Join(lan.serve(t1), os.RemoveAll(leasedDir)); err != nil {
		return d, err
	}
	l, err := startLeased(leasedProgram, leasedDir)
	if err != nil {
		return d, err
	}
	c := &crowd{name: "storm"}
	if err := l.more(c, lan, size.storm); err != nil {
		return d, err
	}
	before, err := lan.acks()
	if err != nil {
		return d, err
	}
	d.Over = size.over.Seconds()
	if d.Storm, err = cpuOver(l.pid(), size.over); err != nil {
		return d, err
	}
	after, err := lan.acks()
	d.Renewals = after - before
	say("%-14s %5d renewals within %.0f s cost %.0f ms of CPU", report.Leased, d.Renewals, d.Over, d.Storm)
	return d, errors.Join(err, l.stop(), c.end())
}
