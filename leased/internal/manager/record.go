// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/lease"
)

// recordVersion is raised when an old leased could not read a new record.
const recordVersion = 1

// record is a lease on disk: all that it takes to go on after a restart.
type record struct {
	Version   int                     `json:"version"`
	BootID    string                  `json:"bootId"`
	Request   leaseapi.AcquireRequest `json:"request"`
	Cookie    uint64                  `json:"cookie"` // of the netns
	ServerMAC []byte                  `json:"serverMac,omitempty"`
	// Waiting says that there is no lease yet: the container was started without
	// one (on_timeout=continue). Lease and Bound mean nothing then.
	Waiting bool         `json:"waiting,omitempty"`
	Lease   lease.Lease  `json:"lease"`
	Bound   binding.Spec `json:"bound"`
}

// record is the job's record with a lease, which is bound or was; nil: none yet.
func (j *job) record(bootID string, l *lease.Lease) record {
	r := record{
		Version: recordVersion, BootID: bootID, Request: j.req, Cookie: j.place.Cookie,
		ServerMAC: j.serverMAC, Waiting: l == nil,
	}
	if l != nil {
		r.Lease, r.Bound = *l, *j.bound
	}
	return r
}

// restore adopts the leases on disk whose containers are there still: no packet
// is sent and no address touched. What has become due meanwhile is done by the
// first tick.
func (m *Manager) restore() error {
	next := map[*entry]func(*entry){}
	err := m.cfg.Store.Load(func(b []byte) error {
		var r record
		if err := json.Unmarshal(b, &r); err != nil {
			return err
		}
		if r.Version != recordVersion {
			return fmt.Errorf("version %d is not %d", r.Version, recordVersion)
		}
		return m.adopt(r, next)
	})
	// Only now that all are there: the lease of one that is gone may be the one of
	// its successor.
	m.mu.Lock()
	defer m.mu.Unlock()
	for e, do := range next {
		e.put(do)
	}
	return err
}

// adopt makes an attachment of a record. What is to be done about it at once, when
// its container is gone or has no lease yet, it puts into next.
func (m *Manager) adopt(r record, next map[*entry]func(*entry)) error {
	key := keyOf(r.Request.Attachment)
	if r.BootID != m.cfg.BootID {
		return m.cfg.Store.Delete(key) // the container went with its host
	}
	if !r.Waiting && (!r.Lease.Addr.IsValid() || !r.Lease.Server.IsValid()) {
		return errors.New("a lease without address or server")
	}
	place, err := m.find(r)
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	place.Interface = r.Request.Attachment.Interface
	e := &entry{m: m, key: key, index: -1, due: lease.Never}
	e.setJob(newJob(m.cfg, r.Request, place))
	e.job.resume(r, m.cfg.Rand)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[key] = e
	switch {
	case err != nil:
		next[e] = func(e *entry) { e.vanish(err) }
	case r.Waiting:
		next[e] = func(e *entry) { e.step(lease.Started{}) }
	default:
		e.rest()
	}
	return nil
}

// resume gives the job the machine and the binding that it had.
func (j *job) resume(r record, random func() uint64) {
	if r.Waiting {
		j.machine = lease.New(j.machineConfig(random))
		return
	}
	j.machine = lease.Restore(j.machineConfig(random), r.Lease)
	j.bound, j.serverMAC = &r.Bound, net.HardwareAddr(r.ServerMAC)
}

// find finds the place of a record. Where that is gone it is what is known of it.
func (m *Manager) find(r record) (Place, error) {
	link := r.Request.Link
	place, err := m.cfg.Kernel.Find(link)
	if err == nil && place.Cookie == r.Cookie {
		return place, nil
	}
	if err == nil {
		err = fmt.Errorf("%w: another network namespace is at %s", ErrGone, link.Netns)
	}
	mac, macErr := net.ParseMAC(link.MAC)
	return Place{Netns: link.Netns, Cookie: r.Cookie, Index: link.Index, MAC: mac}, errors.Join(err, macErr)
}
