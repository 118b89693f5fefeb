// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/leased/internal/lease4"
)

// ending is the noted end of a job. Nothing that runs inside a step ends the job: it
// notes the end, and conclude acts on it after the message.
type ending struct {
	why string
	how outcome
}

// outcome is what becomes of the lease when its job ends.
type outcome uint8

const (
	byPolicy outcome = iota + 1 // the lease is held or given back, as its policy says
	giveBack                    // the lease is given back, with a RELEASE
	discard                     // another job has the lease, or nobody wants it
)

// lost notes that the container is gone without a goodbye.
func (e *entry) lost(err error) {
	j := e.job
	if j.held || j.returning || j.ending != nil {
		return // that is known
	}
	j.log().Info("container is gone", "err", err)
	j.ending = &ending{"container is gone", byPolicy}
}

// hopeless notes the end of a start that cannot succeed.
func (e *entry) hopeless(why string) {
	j := e.job
	if len(j.waiters) == 0 || j.ending != nil {
		return
	}
	e.answer(result{err: &leaseapi.Error{
		Name: leaseapi.ErrorNoLease, Message: fmt.Sprintf("no IPv6 on %s, and ipv6=only: %s", j.req.Attachment.Interface, why),
	}})
	j.ending = &ending{"no IPv6", byPolicy}
}

// end ends the job at once. It is for messages, never for a function inside a step.
func (e *entry) end(why string, how outcome) {
	if j := e.job; j != nil && !(j.held && how == byPolicy) {
		j.ending = &ending{why, how}
		e.conclude()
	}
}

// conclude does what a noted end asks for.
func (e *entry) conclude() {
	j := e.job
	if j == nil || j.ending == nil {
		return
	}
	end, now := *j.ending, e.now()
	j.ending = nil
	k := j.kept(now)
	grace, never, _ := options.Grace(j.req.Policy.Release) // the server package has checked it
	switch policy := end.how == byPolicy; {
	case end.how == discard:
		e.drop(end.why)
	case policy && k.known() && never:
		e.hold(k, k.expiry(), end.why)
	case policy && k.known() && grace > 0:
		e.hold(k, now.Add(grace), end.why)
	case policy && k.lease.Addr.IsValid() && e.mute():
		e.hold(k, now.Add(time.Second), end.why) // and tried again
	default:
		e.giveBack(end.why)
	}
}

// giveBack ends the job with a RELEASE if there is a lease, the binding removed,
// the record deleted. IPv6 comes last: its stand-in takes the MAC that IPv4's has.
func (e *entry) giveBack(why string) {
	e.job.returning = true
	e.step(lease4.ReleaseRequested{})
	e.giveBack6()
	e.drop(why)
}

// drop ends the job without a word to the servers.
func (e *entry) drop(why string) {
	j := e.job
	j.hangUp()
	j.deafen()
	j.six.hangUp()
	j.six.deafen()
	e.answer(result{err: errors.New(why)})
	if err := e.m.cfg.Store.Delete(e.key); err != nil {
		j.log().Error("delete the lease's record", "err", err)
	}
	j.log().Info("lease ended", "reason", why)
	e.quit()
}

// quit leaves the entry without a job.
func (e *entry) quit() {
	e.m.cfg.Kernel.Leave(e.job.place)
	e.m.unhear(e)
	e.bindsTo(netip.Addr{})
	e.m.claim(e)
	if v := e.job.voice; v != nil { // the lease was over before it could be used
		v.Close()
	}
	e.job = nil
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	e.m.leave(e, abandoned)
	e.m.live(e, false)
}
