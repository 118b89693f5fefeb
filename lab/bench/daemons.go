// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

// sizes are how much of everything daemons are measured with.
type sizes struct {
	nics   int
	few    int   // leases beside which an attach is compared with one beside the most
	leases []int // of leased
	peers  []int
	// old is what netavark 1.14, with its ten threads a lease, is given.
	old   []int
	storm int
	t1    int           // s, in the storm; some have half of it
	over  time.Duration // the storm's length: each renews once in it, up to 4 s after T1
	quiet time.Duration
	mass  int
}

var (
	full = sizes{
		nics: 25, few: 10, leases: []int{100, 1000, 5000}, peers: []int{100, 1000}, old: []int{100, 500},
		storm: 1000, t1: 54, over: time.Minute, quiet: time.Minute, mass: 500,
	}
	small = sizes{
		nics: 3, few: 10, leases: []int{100, 300}, peers: []int{100},
		storm: 300, t1: 10, over: 14 * time.Second, quiet: 5 * time.Second, mass: 100,
	}
)

// measureDaemons measures what leased and the peers' daemons cost at rest, what
// leased costs when many renew, and how many fare that start at once.
func measureDaemons(r *report.Report, quick bool) (err error) {
	u, err := leasedUnit()
	if err != nil {
		return err
	}
	size := full
	if quick {
		size = small
	}
	r.Notes = append(r.Notes, fmt.Sprintf("Daemons at rest: each container is a network namespace of its own, attached by `net-dhcp setup`, "+
		"`netavark setup` or CNI's macvlan, eight at a time; they are spread over %d NICs with a dnsmasq each. "+
		"The daemons may open as many files as the system allows, where systemd's default is 1,024. "+
		"leased has the settings of its unit: %s.", size.nics, u))
	lan, err := manyUp(size.nics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lan.down()) }()
	if err := measureLeased(lan, size, r); err != nil {
		return err
	}
	if err := measurePeers(lan, size, r); err != nil {
		return err
	}
	return measureMass(size.mass, r)
}

// rest is how long a daemon is left alone before it is looked at: longer than
// leased keeps what it opened for a lease.
const rest = 5 * time.Second

// look is what a daemon costs now.
func look(name string, kind report.Kind, leases, pid int) (report.Daemon, error) {
	time.Sleep(rest)
	d := report.Daemon{Name: name, Kind: kind, Leases: leases, Quiet: -1}
	err := inspect(pid, &d)
	say("%-14s %5d leases  RSS %6d KiB  %4d threads  %4d descriptors", name, leases, d.RSS, d.Threads, d.Descriptors)
	return d, err
}
