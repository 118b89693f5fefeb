// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// bind applies a lease, writes it down, and only then answers and does the rest.
func (e *entry) bind(l lease4.Lease) {
	j := e.job
	spec := j.spec(l, e.now())
	failpoint.At(failpoint.AckBeforeWrite)
	applied, err := e.m.cfg.Kernel.Apply4(j.place, spec, j.bound)
	if err != nil {
		e.unbindable(spec, err)
		return
	}
	first := j.bound == nil || j.bound.Addr != applied.Spec.Addr
	j.bound, j.trouble, j.again, j.failures = &applied.Spec, "", clock.Never, 0
	e.bindsTo(l.Addr.Addr())
	for _, p := range applied.Problems {
		j.log().Warn("apply a part of the lease", "err", p)
	}
	e.publish()
	if first {
		j.log().Info("bound", "addr", l.Addr, "server", l.Server)
	}
	e.remember()
}

// publish brings what has changed to all who are to know: the record, List, who
// waits for an answer, and the container's resolv.conf.
func (e *entry) publish() {
	j := e.job
	complete := e.complete()
	if names := j.names(); complete {
		j.resolves = &names // the caller is told, and writes it
	} else {
		e.resolve(names)
	}
	l, _ := j.machine.Lease()
	e.save(l)
	e.show()
	if complete {
		failpoint.At(failpoint.BeforeAnswer)
		e.answer(result{lease: j.reply(e.now())})
		failpoint.At(failpoint.AfterAnswer)
	}
}

// complete says that somebody waits and there is all that they wait for.
func (e *entry) complete() bool {
	j := e.job
	return len(j.waiters) > 0 && (j.bound != nil || j.alone6()) && e.ready6()
}

// alone6 says that there is to be no IPv4, or that the network wants none.
func (j *job) alone6() bool { return j.six.only() || j.six != nil && j.machine.Forgoes() }

// remember has what there is outlive a reboot, in its time.
func (e *entry) remember() {
	now := e.now()
	r := e.job.memo(e.m.cfg.BootID, e.job.kept(now), now)
	e.job.remembers = true
	e.m.memory.put(clientOf(e.job.req), &r)
}

// unremember forgets a lease that is over; a new container's that is the same
// client is not.
func (e *entry) unremember() {
	if e.job.remembers && !e.job.kept(e.now()).known() {
		e.job.remembers = false
		if !e.succeeded() {
			e.m.memory.put(clientOf(e.job.req), nil)
		}
	}
}

// save writes the record; l has no Addr where there is no lease yet. Without a record
// the container has its address all the same; only a restart of leased loses it.
func (e *entry) save(l lease4.Lease) {
	if err := e.m.cfg.Store.Save(e.key, e.job.record(e.m.cfg.BootID, l)); err != nil {
		e.job.log().Error("write the lease's record", "err", err)
	}
}

// over writes down that a lease is: after a restart the container is to look for
// another one, and not to have back what the server has refused.
func (e *entry) over(l lease4.Lease) {
	if e.job.bound != nil && e.job.machine.State() != lease4.Stopped {
		now := e.now()
		l.T1, l.T2, l.Expiry = now, now, now
		e.save(l)
	}
}

func (e *entry) unbindable(s binding.Spec, err error) {
	j := e.job
	if kernel.IsGone(err) {
		e.lost(err)
		return
	}
	j.log().Error("apply the lease", "err", err)
	if j.bound == nil {
		e.remove(s) // what is there in part
	} // else what was applied before is still there
	if j.ending != nil {
		return
	}
	if len(j.waiters) == 0 {
		j.again = e.now().Add(time.Second << min(j.failures, 6)) // 1, 2, 4 … 64 s
		j.failures++
		return
	}
	e.answer(result{err: &leaseapi.Error{
		Name: leaseapi.ErrorFailed, Message: fmt.Sprintf("apply the lease to %s: %v", j.req.Attachment.Interface, err),
	}})
	j.ending = &ending{"the lease could not be applied", byPolicy}
}

// retry tries again to apply the lease there is.
func (e *entry) retry() {
	e.job.again = clock.Never
	if l, ok := e.job.machine.Lease(); ok && l.Expiry > e.now() {
		e.bind(l)
	}
}

func (e *entry) unbind() {
	j := e.job
	j.again, j.failures = clock.Never, 0
	if j.bound == nil {
		return
	}
	bound := *j.bound
	j.bound = nil
	e.bindsTo(netip.Addr{})
	e.remove(bound)
	failpoint.At(failpoint.MidTeardown)
}

// remove may find that the container is gone, and the addresses with it.
func (e *entry) remove(s binding.Spec) {
	err := e.m.cfg.Kernel.Remove4(e.job.place, s)
	switch {
	case kernel.IsGone(err):
		e.lost(err)
	case err != nil:
		e.job.log().Error("remove the binding", "err", err)
	}
}
