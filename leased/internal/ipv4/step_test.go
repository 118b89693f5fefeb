// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"context"
	"reflect"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/request"
)

// stepOwner is an attachment whose driver makes a step.
type stepOwner struct {
	fakeOwner
	received int // receivers started
}

func (*stepOwner) Ending() bool                      { return false }
func (o *stepOwner) Spawn(func(ctx context.Context)) { o.received++ }

// sentConn notes how much was told, and received, before its message went out.
type sentConn struct {
	kernel.PacketConn
	owner  *stepOwner
	before []int
}

func (c *sentConn) Send([]byte) error {
	c.before = append(c.before, len(c.owner.events)+c.owner.received)
	return nil
}

// A start waits for its message. The lines of the log follow it, in the order of what
// happened, and so does the receiver.
func TestAMessageGoesFirst(t *testing.T) {
	t.Parallel()
	o := &stepOwner{}
	conn := &sentConn{owner: o}
	d := New(Config{Owner: o, Request: &request.Request{}, Rand: func() uint64 { return 1 }}, Kept{})
	actions := d.machine.Step(now, lease4.Started{})
	d.conn = conn
	d.performAll(actions, lease4.Lease{})
	d.emitState()
	if !reflect.DeepEqual(conn.before, []int{0}) || o.received != 1 {
		t.Errorf("before each message: %d; %d receivers", conn.before, o.received)
	}
	xid := d.machine.XID()
	want := []event.Event{
		event.State{Family: event.IPv4, State: lease4.Selecting, From: lease4.Init},
		event.Sent{Family: event.IPv4, Type: dhcp4.Discover, XID: xid},
	}
	if !reflect.DeepEqual(o.events, want) {
		t.Errorf("told of %v, want %v", o.events, want)
	}
}
