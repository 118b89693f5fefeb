// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// Amiss is a kind of Trouble.
type Amiss uint8

// The kinds. Nothing is the zero Amiss.
const (
	Nothing   Amiss = iota
	Unplugged       // the host's end is down, or not a port of its bridge: Replug mends it
	LinkGone        // the container's interface is gone: Make makes it again
	HostGone        // the bridge is gone, or the parent and the container's interface with it
)

// Trouble is what keeps a container's link from its LAN, as the link itself shows it.
type Trouble struct {
	What Amiss
	Text string // for the user: "bridge br0 is gone"
	// Linkless says that the container's interface is gone.
	Linkless bool
	// Port is the present name of a veth's host end, and Index its ifindex; empty: there is none,
	// or it is not ours.
	Port  string
	Index int
}

// Look looks at a link that Make has made: the interface with that index in the container, and
// its end on the host. It fails if it cannot look. A veth whose host end does not have the
// Spec's alias is not ours, and has no trouble of ours.
func (h *Host) Look(ns *netns.NS, index int, s Spec) (Trouble, error) {
	link, err := linkInside(ns, index)
	if errors.Is(err, unix.ENODEV) {
		return h.lookAtHost(s, Trouble{What: LinkGone, Text: s.Interface + " is gone", Linkless: true})
	}
	if err != nil || link.Kind != "veth" {
		return Trouble{}, err
	}
	port, err := h.conn.LinkByIndex(link.Lower)
	if errors.Is(err, unix.ENODEV) {
		return Trouble{}, nil // its end on the host is in another namespace
	}
	if err != nil || port.Kind != "veth" || port.Alias != s.Alias {
		return Trouble{}, err
	}
	return h.lookAtPort(port, s)
}

// linkInside returns one link of a container.
func linkInside(ns *netns.NS, index int) (rtnetlink.Link, error) {
	c, err := ns.Rtnetlink()
	if err != nil {
		return rtnetlink.Link{}, err
	}
	defer c.Close()
	return c.LinkByIndex(index)
}

// lookAtPort looks at a veth's host end. A bridge that was renamed is still the port's.
func (h *Host) lookAtPort(port rtnetlink.Link, s Spec) (Trouble, error) {
	t := Trouble{What: Unplugged, Text: "not a port of " + s.Host, Port: port.Name, Index: port.Index}
	on, err := h.conn.LinkByName(s.Host)
	switch {
	case errors.Is(err, unix.ENODEV) && port.Master != 0:
	case err != nil || port.Master != on.Index:
		return h.lookAtHost(s, t)
	}
	if port.Flags&unix.IFF_UP == 0 {
		t.Text = port.Name + " is down"
		return t, nil
	}
	t.What, t.Text = Nothing, ""
	return t, nil
}

// lookAtHost is t, unless there is no host interface.
func (h *Host) lookAtHost(s Spec, t Trouble) (Trouble, error) {
	_, err := h.conn.LinkByName(s.Host)
	if errors.Is(err, unix.ENODEV) {
		t.What, t.Text, err = HostGone, s.hostKind()+" "+s.Host+" is gone", nil
	}
	return t, err
}

// hostKind is the option that names the Spec's host interface. Only a macvlan has a mode.
func (s Spec) hostKind() string {
	if s.Mode == "" {
		return "bridge"
	}
	return "parent"
}

// Replug makes the veth's host end, which Look has found, a port of the bridge again, as Make
// does. The guard is on the port before that.
func (h *Host) Replug(ctx context.Context, t Trouble, s Spec) error {
	on, err := h.Find(s.Host)
	if err != nil {
		return err
	}
	if !on.Bridge() {
		return fmt.Errorf("%s is not a bridge any more", s.Host)
	}
	if err := on.Carries(s.VLAN); err != nil {
		return err
	}
	if s.Guard && h.Guard != nil {
		if err := h.Guard(s.HostEnd, t.Index, s.MAC); err != nil {
			return err
		}
	}
	s.HostEnd = t.Port // an administrator may have renamed it
	_, err = h.plug(ctx, on, s)
	return err
}
