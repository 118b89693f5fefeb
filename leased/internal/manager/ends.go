// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"slices"

	"podman-net-dhcp/leased/internal/kernel"
)

// setJob gives the entry a job, and shows others where it is.
func (e *entry) setJob(j *job) {
	e.job = j
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	e.place, e.host, e.client = j.place, j.req.Link.Host, clientOf(j.req)
	e.m.live(e, !j.held)
}

// number has the kernel tell the end of the container's netns.
func (e *entry) number() {
	j := e.job
	if j.place.Number != kernel.Unnumbered {
		return
	}
	n, err := e.m.cfg.Kernel.Number(j.place)
	if err != nil {
		j.log().Warn("number the network namespace; its end is noticed at the next renewal only", "err", err)
		return
	}
	j.place.Number = n
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	e.place.Number = n
}

// succeeded says that another attachment is the same client: the container was made
// anew under its name while its old self was not yet known to be gone. What the
// server holds is the new one's.
func (e *entry) succeeded() bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	for _, other := range e.m.entries {
		if other != e && other.lives && other.client == e.client {
			return true
		}
	}
	return false
}

// NetnsEnded tells the Manager that network namespaces with these numbers have
// ended, or with missed that any may have. Numbers are used again, so each
// attachment that it may be about is looked at.
func (m *Manager) NetnsEnded(numbers []int, missed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries {
		if !m.closed && (missed || slices.Contains(numbers, e.place.Number)) {
			e.put((*entry).look)
		}
	}
}

// arrive is what follows an adoption.
func (e *entry) arrive() {
	if e.look(); e.job != nil && e.job.ending == nil {
		e.resume6()
	}
}

// look ends the job if its container is gone.
func (e *entry) look() {
	if e.job == nil {
		return
	}
	e.number()
	if err := e.m.cfg.Kernel.Check(e.job.place); kernel.IsGone(err) {
		e.lost(err)
	}
}
