// SPDX-License-Identifier: Apache-2.0

// Package front brings one container onto one network and takes it off again: step 2
// and 3 of the way of a lease, for the network plugin and the OCI hook. leased makes the
// link and gets the lease, in one call. A leased of before that call gets links from here
// (old.go). If Join fails, nothing is left behind.
package front

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/wanted"
)

// Request describes the attachment to join.
type Request struct {
	wanted.Interface
	Given    map[string]string // the options as the user typed them
	Netavark json.RawMessage   // netavark's document, in place of Given; nil: none
	Begun    *leaseapi.Sent    // Setup that was called already, or nil; Join ends it
	Front    string            // leaseapi.FrontHook: leased asks its policy; empty: it does not
	Networks int               // with Front: how many networks the container asks for in all
	Shared   bool              // the netns is also that of other containers, and keeps what there is
}

// Joined is the result of Join. For a request with Netavark that is Status alone, but with an old
// leased. Lease is nil if the options say on_timeout=continue and no lease came in time.
type Joined struct {
	MAC    net.HardwareAddr
	Lease  *leaseapi.Lease
	Status json.RawMessage // netavark's StatusBlock
}

// overtime is the time that a caller gives leased beyond the lease timeout to answer. With the
// shortest lease_timeout that makes pipe.ShortestPatience.
const overtime = 5 * time.Second

// Join makes the link and gets it a lease. Cancelling ctx undoes both.
func Join(ctx context.Context, r Request) (joined Joined, err error) {
	begun := time.Now()
	if r.Begun != nil {
		defer r.Begun.Close()
		begun = r.Begun.Since
	}
	if err := r.Check(); err != nil {
		return Joined{}, err
	}
	patience := r.Options.LeaseTimeout + overtime
	ctx, cancel := context.WithDeadlineCause(ctx, begun.Add(patience), fmt.Errorf("leased did not answer within %s; see: journalctl -u leased", patience))
	defer cancel()
	err = insist(ctx, func() (err error) { joined, err = r.join(ctx); r.Begun = nil; return })
	if errors.Is(err, leaseapi.ErrHungUp) {
		r.giveUp()
	}
	return joined, err
}

// giveUp takes back what there may be after leased has died of each call: a leased that was
// killed just before its answer has left the lease on disk, for a caller that asks again.
func (r Request) giveUp() {
	if r.Shared {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), overtime)
	defer cancel()
	d := Departure{Attachment: r.Attachment, Netns: r.Netns}
	if spec, err := r.Link(); err == nil && r.Options.MACFrom != "random" {
		d.MAC = spec.MAC
	}
	_ = d.Leave(ctx)
}

func (r Request) join(ctx context.Context) (Joined, error) {
	reply, err := r.setup(ctx)
	if leaseapi.IsBeforeOwners(err) {
		r.Owner = ""
		reply, err = r.setup(ctx)
	}
	if leaseapi.IsOld(err) {
		return r.joinOld(ctx)
	}
	if err == nil && r.Netavark != nil && reply.Status == nil {
		err = errors.New("leased answered Setup without a StatusBlock; see: journalctl -u leased")
	}
	if err != nil {
		return Joined{}, err
	}
	mac, err := parseMAC(reply.MAC)
	return Joined{MAC: mac, Lease: reply.Lease, Status: reply.Status}, err
}

func parseMAC(text string) (net.HardwareAddr, error) {
	if text == "" {
		return nil, nil
	}
	return net.ParseMAC(text)
}
