// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

const leasedDir = "/run/bench-leased"

// attachOurs attaches as netavark has our plugin do it.
func attachOurs(t try, parent string) error {
	return setup(t.container, t.space, options{"parent": parent})
}

// measureLeased measures leased with more and more leases, and then what becomes of
// it when it is started anew with all of them.
func measureLeased(lan *manyLAN, size sizes, r *report.Report) error {
	renewing, err := measureStorm(lan, size)
	if err != nil {
		return err
	}
	if err := errors.Join(lan.serve(plain), lanUp(), os.RemoveAll(leasedDir)); err != nil {
		return err
	}
	l, err := startLeased(leasedProgram, leasedDir)
	if err != nil {
		return err
	}
	c := &crowd{name: "scale"}
	if err := l.fill(c, lan, size, r); err != nil {
		return err
	}
	ours := r.Daemons
	most := &ours[len(ours)-1]
	if err := l.again(most); err != nil {
		return err
	}
	i := slices.IndexFunc(ours, func(d report.Daemon) bool { return d.Leases == size.storm })
	ours[max(i, 0)].Renewals, ours[max(i, 0)].Over, ours[max(i, 0)].Storm = renewing.Renewals, renewing.Over, renewing.Storm
	return errors.Join(c.end(), os.RemoveAll(leasedDir))
}

// fill gives leased ever more leases, and stops it in the end.
func (l *leased) fill(c *crowd, lan *manyLAN, size sizes, r *report.Report) error {
	if err := l.more(c, lan, size.few); err != nil {
		return err
	}
	if err := beside(size.few, r); err != nil {
		return err
	}
	for _, n := range size.leases {
		if err := l.more(c, lan, n); err != nil {
			return err
		}
		d, err := look(report.Leased, report.Ours, n, l.pid())
		if err != nil {
			return err
		}
		r.Daemons = append(r.Daemons, d)
	}
	most := &r.Daemons[len(r.Daemons)-1]
	time.Sleep(settle)
	took, err := cpuOver(l.pid(), size.quiet)
	if err != nil {
		return err
	}
	most.Quiet = took * float64(time.Minute) / float64(size.quiet)
	say("%-14s %5d leases  %.1f ms of CPU in a quiet minute", report.Leased, most.Leases, most.Quiet)
	if err := beside(most.Leases, r); err != nil {
		return err
	}
	return l.stop()
}

// settle is when the memos are written and the memory of the last starts is given back.
const settle = 15 * time.Second

// more attaches until there are n.
func (l *leased) more(c *crowd, lan *manyLAN, n int) error {
	from := len(c.all)
	if err := c.grow(n); err != nil {
		return err
	}
	begin := time.Now()
	failed, first := c.attach(from, lan.nics, attachOurs)
	say("%-14s %5d more attached in %.1f s", report.Leased, n-from, time.Since(begin).Seconds())
	if failed > 0 {
		say("%-14s %5d of them failed and are tried again: %v", report.Leased, failed, first)
	}
	for i := from; i < n; i++ {
		if a := &c.all[i]; a.failed != nil {
			if err := attachOurs(a.try, a.parent(lan.nics)); err != nil {
				return err
			}
		}
	}
	return l.has(n)
}

// beside measures an ordinary attach while leased has so many leases.
func beside(leases int, r *report.Report) error {
	w := ours(fmt.Sprintf("beside %s leases", report.Count(leases)), onMacvlan())
	w.rounds = middleRounds
	ways, err := inTurn("scale", []*way{w}, r.Quick)
	if err != nil {
		return err
	}
	ways[0].Leases = leases
	r.Scale = append(r.Scale, ways...)
	return nil
}
