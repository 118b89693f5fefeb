// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"fmt"
	"strings"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
)

// claim makes the attachment a living client of its LAN. It refuses an attachment whose
// container runs already in another netns, and one whose identity a running container of the
// LAN has: two clients of one identity would have one address. A container whose link is
// gone has none, also before leased has noticed its end.
func (c *call) claim(x *actor, on *lan.Member) error {
	if x.runsElsewhere(c.place) {
		return taken("%s runs already; stop it first", named(x.key, x.at.Request().Attachment.ContainerName, x.at.Place().Netns))
	}
	var gone []*lan.Member
	for {
		rivals := on.Claim(gone)
		if len(rivals) == 0 {
			return nil
		}
		for _, rival := range rivals {
			if who, lives := c.m.lives(rival.Key()); lives && rival.Key() != x.key {
				return c.contest(on.Shares(rival), who)
			}
			gone = append(gone, rival)
		}
	}
}

// runsElsewhere reports whether the container of x is there, in another netns than that of at.
func (x *actor) runsElsewhere(at kernel.Place) bool {
	old := x.at
	return old != nil && old.Phase() < attachment.Held && old.Place().Cookie != at.Cookie && x.m.finds(old.Place())
}

// tearDown ends the attachment whose link is in the netns of at, and deletes the link. A
// container of the same key that runs elsewhere is another one, and stays as it is.
func (x *actor) tearDown(at kernel.Place) error {
	if x.runsElsewhere(at) {
		return nil
	}
	if x.at != nil && x.at.Place().Cookie == at.Cookie {
		at.Index = x.at.Place().Index // whatever the container calls it by now
	}
	x.end("released")
	err := x.m.cfg.Kernel.DeleteLink(at)
	failpoint.At(failpoint.LinkDeleted)
	return err
}

// lives names the container of a key, and reports whether the kernel has its link. An
// attachment that nothing is shown of yet is just being made.
func (m *Manager) lives(key string) (who string, lives bool) {
	m.mu.Lock()
	x := m.actors[key]
	var shown *attachment.Snapshot
	if x != nil {
		shown = x.showLocked()
	}
	m.mu.Unlock()
	if shown == nil {
		return named(key, "", "just starting"), x != nil
	}
	at := shown.Place()
	return named(key, shown.Container(), at.Netns), m.finds(at)
}

// finds reports whether the kernel has a link. A kernel that does not say is believed to.
func (m *Manager) finds(at kernel.Place) bool { return !kernel.IsGone(m.cfg.Kernel.Check(at)) }

// contest says which identity a running container has.
func (c *call) contest(shared lan.Shared, who string) error {
	switch host := c.req.Link.Host; shared {
	case lan.SharedMAC:
		return taken("%s on %s has the MAC %s already; stop it, or give this container another name or MAC", who, host, c.req.Link.MAC)
	case lan.SharedSix:
		return taken("%s on %s has this container's identity in IPv6 already; stop it, or give this container another name", who, host)
	case lan.SharedClient:
	}
	return taken("%s on %s has the client identifier %x already; stop it, or give this container another name or client_id", who, c.req.Link.Host, c.req.Client.ID)
}

func taken(format string, args ...any) error {
	return &leaseapi.Error{Name: leaseapi.ErrorRefused, Message: fmt.Sprintf(format, args...)}
}

// named is a container as the error shows it: its name, its id as Podman shows ids, and where
// it is. A renamed container has its old name here.
func named(key, name, where string) string {
	id, _, _ := strings.Cut(key, "\x00")
	id = id[:min(len(id), 12)]
	return fmt.Sprintf("container %s (id %s, %s)", cmp.Or(name, id), id, where)
}
