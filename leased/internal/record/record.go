// SPDX-License-Identifier: Apache-2.0

// Package record is the form of step 10 on disk: the JSON of a record, from which
// leased goes on after a restart, and of a memo, which outlives a reboot. The types
// on disk are the package's own, so that a renamed field elsewhere does not change
// the files. What is read is checked as strictly as a caller's request.
//
//	Record ─ MarshalJSON ─► disk     ─► store /run/leased/leases
//	Memo   ─ MarshalJSON ─► diskMemo ─► store /var/lib/leased/leases
package record

import (
	"encoding/json"
	"fmt"
	"net"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// Record is an attachment on disk: all that leased needs after a restart.
type Record struct {
	BootID  string // of the boot that the instants count from
	Request request.Request
	// Of the container's netns: SO_NETNS_COOKIE; the number under which the kernel
	// tells its end, -1 before it has one; the inode, which its processes show.
	Cookie uint64
	Number int
	Inode  uint64

	ServerMAC net.HardwareAddr // the server that granted Lease, or its relay; 6 to 20 bytes or nil
	// Waiting says that there is no IPv4 lease (yet); Lease has no Addr then.
	Waiting bool
	// Making says that leased makes the link, and that no caller knows of it yet. Waiting is
	// true.
	Making bool
	// Held says that the container has gone; its leases are kept until Until.
	Held  bool
	Until clock.Instant

	Lease    lease4.Lease
	Bound    binding.Spec  // zero: the lease is not applied
	IPv6     *IPv6         // nil: no IPv6 is wanted
	File     *resolv.File  // the container's resolv.conf, as the hook has noted it; nil: it has not
	Resolves *resolv.Names // the names in the container's resolv.conf; nil: none was told yet
}

// IPv6 is the part of a record about IPv6.
type IPv6 struct {
	Lease   lease6.Lease   // zero: DHCPv6 has given nothing
	Bound   *binding.Spec6 // nil: the lease is not applied
	Routers resolv.Names   // as routers advertised last
	Flood   Flood          // zero: there was none
	Deaf    bool           // the container's kernel was told to take nothing of routers
}

// Flood is the last flood of router advertisements to the container alone.
type Flood struct {
	Until clock.Instant // until then the container's kernel takes nothing of routers
	Rest  time.Duration // that this is since the flood, at most MaxFloodRest
}

// MaxFloodRest is nearly a day.
const MaxFloodRest = 128 * 10 * time.Minute

// version is raised when an old leased could not read a new record.
const version = 1

// MarshalJSON returns the record as it is on disk.
func (r Record) MarshalJSON() ([]byte, error) { return json.Marshal(toDisk(r)) }

// UnmarshalJSON reads a record from disk. It fails where the record cannot be right,
// with the reason; r is as it was then.
func (r *Record) UnmarshalJSON(b []byte) error {
	var d disk
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	got, err := d.record()
	if err != nil {
		return err
	}
	*r = got
	return nil
}

// record is the record that d says, if it can be right.
func (d disk) record() (Record, error) {
	if d.Version != version {
		return Record{}, fmt.Errorf("version %d is not %d", d.Version, version)
	}
	req, err := request.Parse(d.Request)
	if err != nil {
		return Record{}, fmt.Errorf("request: %w", err)
	}
	if err := d.check(); err != nil {
		return Record{}, err
	}
	return d.domain(req), nil
}
