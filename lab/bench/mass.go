// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"sync"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

// measureMass starts many at once, and as many one after another, on the ordinary
// LAN with dnsmasq and with Kea on it.
func measureMass(n int, r *report.Report) error {
	for _, s := range []struct {
		name  string
		start func() (stop func() error, err error)
	}{
		{report.Dnsmasq, func() (func() error, error) { return lanForget, lanForget() }},
		{report.Kea, startKea},
	} {
		stop, err := s.start()
		if err != nil {
			return err
		}
		m := report.Mass{Server: s.name, Containers: n}
		if err := errors.Join(massStart(&m), oneByOne(&m), stop()); err != nil {
			return err
		}
		say("mass start     %5d on %-8s %.2f s at once, %.2f s one by one, %d failed, slowest %.0f ms, %d DISCOVERs, %d times again at most",
			n, s.name, m.AtOnce, m.OneByOne, m.Failed, m.Slowest, m.Discovers, m.Repeats)
		r.Mass = append(r.Mass, m)
	}
	return nil
}

// massStart starts all at once, and looks at the wire meanwhile.
func massStart(m *report.Mass) error {
	return inCrowd("once", m.Containers, func(all []attempt) error {
		heard, err := listen()
		if err != nil {
			return err
		}
		var running sync.WaitGroup
		begin := time.Now()
		for i := range all {
			running.Go(func() { all[i].attach(begin) })
		}
		running.Wait()
		m.AtOnce = time.Since(begin).Seconds()
		for _, a := range all {
			m.Slowest = max(m.Slowest, a.took)
			if a.failed != nil {
				if m.Failed++; m.Failed == 1 {
					say("mass start: %v", a.failed)
				}
			}
		}
		m.Discovers, m.Repeats, err = heard.stop()
		return err
	})
}

// oneByOne is what massStart is compared with.
func oneByOne(m *report.Mass) error {
	return inCrowd("single", m.Containers, func(all []attempt) error {
		begin := time.Now()
		for i := range all {
			if all[i].attach(begin); all[i].failed != nil {
				return all[i].failed
			}
		}
		m.OneByOne = time.Since(begin).Seconds()
		return nil
	})
}

// attach attaches to the ordinary LAN; the time counts from begin.
func (a *attempt) attach(begin time.Time) {
	a.failed = setup(a.container, a.space, options{"parent": nic})
	a.took = ms(time.Since(begin))
}

// inCrowd calls fn with n fresh containers and a fresh leased. Nothing is given back:
// the server is to forget it all.
func inCrowd(name string, n int, fn func(all []attempt) error) error {
	l, err := startLeased(leasedProgram, leasedDir)
	if err != nil {
		return err
	}
	c := &crowd{name: name}
	err = c.grow(n)
	if err == nil {
		err = fn(c.all)
	}
	return errors.Join(err, l.stop(), c.end(), os.RemoveAll(leasedDir))
}
