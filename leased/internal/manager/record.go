// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/resolv"
)

// recordVersion is raised when an old leased could not read a new record.
const recordVersion = 1

// record is a lease on disk: all that it takes to go on after a restart.
type record struct {
	Version   int                     `json:"version"`
	BootID    string                  `json:"bootId"`
	Request   leaseapi.AcquireRequest `json:"request"`
	Cookie    uint64                  `json:"cookie"` // of the netns
	Number    int                     `json:"number"` // of the netns, see kernel.Place
	Inode     uint64                  `json:"inode"`
	ServerMAC []byte                  `json:"serverMac,omitempty"`
	// Waiting says that there is no lease yet: the container was started without
	// one (on_timeout=continue). Lease and Bound mean nothing then.
	Waiting bool `json:"waiting,omitempty"`
	// Held says that the container is gone and its lease is kept until Until.
	Held  bool          `json:"held,omitempty"`
	Until clock.Instant `json:"until,omitempty"`

	Lease lease4.Lease `json:"lease"`
	Bound binding.Spec `json:"bound"`
	Six   *record6     `json:"six,omitempty"`
	// Resolves is what the container's resolv.conf says of DNS.
	Resolves *resolv.Names `json:"resolves,omitempty"`
}

// record is the job's record with a lease, which is bound or was; without Addr: none yet.
func (j *job) record(bootID string, l lease4.Lease) record {
	r := record{
		Version: recordVersion, BootID: bootID, Request: j.req, Cookie: j.place.Cookie, Number: j.place.Number, Inode: j.place.Inode,
		ServerMAC: j.serverMAC, Waiting: !l.Addr.IsValid(), Held: j.held, Lease: l,
		Resolves: j.resolves, Six: j.six.record(),
	}
	if j.bound != nil {
		r.Bound = *j.bound
	}
	if j.held {
		r.Until = j.until
	}
	return r
}

// restore adopts the leases on disk whose containers are there still: no packet
// is sent and no address touched. What has become due meanwhile is done by the
// first tick.
func (m *Manager) restore() error {
	next := map[*entry]func(*entry){}
	_, err := m.cfg.Store.Load(func(b []byte) error {
		var r record
		if err := json.Unmarshal(b, &r); err != nil {
			return err
		}
		if err := r.check(); err != nil {
			return err
		}
		return m.adopt(r, next)
	})
	err = errors.Join(err, m.recall(next))
	// Only now that all are there: the lease of one that is gone may be the one of
	// its successor.
	m.mu.Lock()
	defer m.mu.Unlock()
	for e, do := range next {
		e.put(do)
	}
	return err
}

// check says what is wrong with a record that is JSON all the same.
func (r record) check() error {
	switch {
	case r.Version != recordVersion:
		return fmt.Errorf("version %d is not %d", r.Version, recordVersion)
	case !r.Waiting && (!r.Lease.Addr.Addr().Is4() || !r.Lease.Addr.IsValid() || !r.Lease.Server.Is4()):
		return errors.New("a lease without address or server")
	}
	return r.Six.check()
}

// adopt makes an attachment of a record, and believes it: that its container is
// there still is looked at later, which next is for.
func (m *Manager) adopt(r record, next map[*entry]func(*entry)) error {
	key := keyOf(r.Request.Attachment)
	if r.BootID != m.cfg.BootID {
		return m.cfg.Store.Delete(key) // the container went with its host
	}
	place, err := r.place()
	if err != nil {
		return err
	}
	if now := clock.Instant(m.cfg.Clock.Now()); now < r.Lease.Start { // a clock that cannot be: ask the server
		r.Lease.T1, r.Lease.T2 = now, now
		if r.Six != nil {
			r.Six.Lease.T1 = now
		}
	}
	m.install(key, r, place, func(e *entry) {
		switch {
		case r.Held:
		case r.Waiting:
			next[e] = (*entry).begin
		default:
			next[e] = (*entry).arrive
		}
		e.rest()
	})
	return nil
}

// place is where the record says that the container is.
func (r record) place() (kernel.Place, error) {
	link := r.Request.Link
	mac, err := net.ParseMAC(link.MAC)
	return kernel.Place{
		Netns: link.Netns, Cookie: r.Cookie, Number: r.Number, Inode: r.Inode, Index: link.Index, MAC: mac,
		Interface: r.Request.Attachment.Interface,
	}, err
}

// install puts an entry where its record says it was, and has it begin under the mutex.
func (m *Manager) install(key string, r record, at kernel.Place, begin func(*entry)) {
	e := &entry{m: m, key: key, index: -1, due: clock.Never}
	j := newJob(m.cfg, r.Request, at)
	j.resume(r, m.cfg.Rand)
	e.setJob(j)
	if j.bound != nil {
		e.bindsTo(j.bound.Addr.Addr())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[key] = e
	if r.Held {
		_, never, _ := options.Grace(r.Request.Policy.Release)
		m.setHold(clientOf(r.Request), &hold{e, kept{r.Lease, j.serverMAC, j.six.lease(), j.six.who()}, r.Until, never})
	}
	begin(e)
}

// resume gives the job the machine and the binding that it had.
func (j *job) resume(r record, random func() uint64) {
	j.six.resume(r, random)
	j.resolves, j.remembers = r.Resolves, len(r.Six.lease().Addrs) > 0
	if r.Held {
		j.held, j.until, j.begun = true, r.Until, true
	}
	if r.Waiting {
		j.machine = lease4.New(j.machineConfig(random))
		return
	}
	j.machine = lease4.Restore(j.machineConfig(random), r.Lease)
	j.serverMAC, j.remembers, j.begun = net.HardwareAddr(r.ServerMAC), true, true
	if !r.Held {
		j.bound = &r.Bound
	}
}
