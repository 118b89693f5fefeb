// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"errors"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/wire"
)

// Trouble is what keeps a link from its LAN.
type Trouble = attach.Trouble

// HostGone is the Trouble that no Replug and no Relink mends.
const HostGone = attach.HostGone

// IsLinkGone reports whether an error that IsGone knows means the container's interface alone.
// The container itself may be there.
func IsLinkGone(err error) bool {
	return errors.Is(err, binding.ErrGone) || errors.Is(err, wire.ErrLinkGone)
}

// Look looks at the link of a request, and at its end on the host.
func (l Linux) Look(p Place, r *request.Request) (Trouble, error) {
	return enter(l, p, func(s *Session) (Trouble, error) {
		host, err := attach.OpenHost(l.Host)
		if err != nil {
			return Trouble{}, err
		}
		defer host.Close()
		return host.Look(s.ns, p.Index, r.Remade())
	})
}

// Replug makes a veth's host end, in which Look has found the trouble, a port of its bridge
// again. It waits by pause.
func (l Linux) Replug(ctx context.Context, t Trouble, r *request.Request, pause func(ctx context.Context, d time.Duration) error) error {
	host, err := attach.OpenHost(l.Host)
	if err != nil {
		return err
	}
	defer host.Close()
	host.Pause = pause
	if l.Guard != nil {
		host.Guard = l.Guard.Add
	}
	return host.Replug(ctx, t, r.Remade())
}

// Relink makes the link of a request again, in the place's netns, whose session is open. If the
// link is there after all, Relink finds it.
func (l Linux) Relink(ctx context.Context, p Place, r *request.Request, pause func(ctx context.Context, d time.Duration) error) (Place, error) {
	if index, err := p.Session.netlink().Index(p.Interface, p.MAC); err == nil {
		p.Index = index
		return p, nil
	}
	maker, err := l.Maker(r.Remade())
	if err != nil {
		return p, err
	}
	defer maker.Close()
	return maker.Make(ctx, p, pause)
}
