// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// putRoutes adds the routes of d.Spec, or changes them in place, at the first free
// metric. sent has the answers of the one request. A single route that makes no sense is
// a problem, not a failure.
func (d *Applied) putRoutes(c *Conn, prev *Spec, sent []error) error {
	if len(d.Spec.Routes) == 0 {
		return nil
	}
	if prev != nil { // a renewal keeps the metric it found
		d.Spec.Metric = max(d.Spec.Metric, prev.Metric)
	}
	if notThere(sent, prev) == nil {
		return nil
	}
	return d.chooseMetric(c, prev, sent)
}

// notThere returns why a route of the request is not there, or nil. At a renewal EEXIST
// says that the route is there as it was.
func notThere(sent []error, prev *Spec) error {
	for _, err := range sent {
		if !isThere(err, prev) {
			return cmp.Or(err, rtnetlink.ErrUnanswered)
		}
	}
	return nil
}

func isThere(sent error, prev *Spec) bool {
	if prev != nil {
		return errors.Is(sent, unix.EEXIST)
	}
	return sent == nil
}

// ErrNoMetric says that all metrics from the wanted one on are taken.
var ErrNoMetric = errors.New("no free metric")

// More metrics than a container has networks are tried, and after the first few only for
// some time: a container with NET_ADMIN decides how many are taken, and how long it takes
// the kernel to say so.
const (
	maxMetrics, fewMetrics = 64, 8
	maxSearch              = 50 * time.Millisecond
)

// errTaken says that another program has the metric for one of the destinations.
var errTaken = errors.New("metric is taken")

// chooseMetric puts the routes at the first metric that no other program has for any of
// the destinations. It reads no routing table, which can be of any size: it asks the
// kernel to add each route, and goes on if the kernel has one already.
func (d *Applied) chooseMetric(c *Conn, prev *Spec, sent []error) error {
	before, from, began := len(d.Problems), d.Spec.Metric, time.Now()
	for tries := 1; ; tries++ {
		err := d.tryRoutes(c, prev, sent)
		if !errors.Is(err, errTaken) {
			return err
		}
		if err := d.leaveMetric(c, prev); err != nil {
			return err
		}
		if tries == maxMetrics || tries >= fewMetrics && time.Since(began) > maxSearch {
			return fmt.Errorf("choose metric: %w from %d on", ErrNoMetric, from)
		}
		d.Problems, sent = d.Problems[:before], nil
		d.Spec.Metric++
	}
}

// leaveMetric removes the routes that are ours at a metric that we leave. prev's stay until
// the others are there.
func (d *Applied) leaveMetric(c *Conn, prev *Spec) error {
	for _, r := range d.Spec.Routes {
		if prev != nil && prev.Metric == d.Spec.Metric && prev.hasRoute(r) {
			continue
		}
		if err := c.delRoute(d.Spec, r); err != nil {
			return err
		}
	}
	return nil
}

// tryRoutes puts the routes that are not there yet, as sent says; nil: it says nothing.
func (d *Applied) tryRoutes(c *Conn, prev *Spec, sent []error) error {
	for i, r := range d.Spec.Routes {
		if sent != nil && isThere(sent[i], prev) {
			continue
		}
		err := c.putRoute(prev, d.Spec, r)
		if sent != nil && errors.Is(err, rtnetlink.ErrUnanswered) && fatal(classify(sent[i])) {
			err = classify(sent[i]) // the first answer says more
		}
		if fatal(err) {
			return err
		}
		if err != nil {
			d.Problems = append(d.Problems, err)
		}
	}
	if len(d.Problems) == 0 {
		return nil
	}
	l, err := c.find(d.Spec.Ifindex)
	if err != nil {
		return err
	}
	return isUp(l) // if not, that is the whole problem
}

func fatal(err error) bool {
	return errors.Is(err, ErrDown) || errors.Is(err, ErrGone) || errors.Is(err, errTaken)
}
