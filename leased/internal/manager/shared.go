// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"os"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/request"
)

// resident is the attachment that has a Setup's interface in the same network namespace already,
// by another container of it: of a pod's members, the OCI hook calls each by its own id, and the
// lease is the namespace's. The Setup then waits for that attachment's answer. Only containers of
// the hook can share a netns so; Podman's plugin brings a pod in once.
func (m *Manager) resident(s request.Setup, netns *os.File) (a request.Attachment, ok bool) {
	a = request.Attachment(s.Wanted.Attachment)
	var st unix.Stat_t
	if a.Owner == "" || netns == nil || unix.Fstat(int(netns.Fd()), &st) != nil {
		return a, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.actors[a.Key()] != nil {
		return a, false
	}
	for key, x := range m.actors {
		if x.livesInLocked() != st.Ino {
			continue
		}
		if is := request.AttachmentOf(key); is.Owner != "" && is.Network == a.Network && is.Interface == a.Interface {
			is.ContainerName = a.ContainerName
			return is, true
		}
	}
	return a, false
}

// livesInLocked is the inode of the netns of an attachment that is not held; 0: there is none, or
// nothing is shown of it yet.
func (x *actor) livesInLocked() uint64 {
	switch {
	case x.running || x.at == nil:
		if x.shown == nil || x.shown.Held() {
			return 0
		}
		return x.shown.Place().Inode
	case x.at.Phase() >= attachment.Held:
		return 0
	}
	return x.at.Inode()
}

// elsewhere refuses a Setup whose interface a pod has on another bridge or parent already.
func (c *call) elsewhere(old *attachment.Attachment) error {
	host := old.Request().Link.Host
	if !c.resident || host == c.req.Link.Host {
		return nil
	}
	return taken("%s in this network namespace is on %s already, by another container; give this one another interface: annotations io.leased.N.KEY with another N",
		c.req.Attachment.Interface, host)
}
