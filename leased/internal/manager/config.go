// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"log/slog"
	"os"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/shim"
	"podman-net-dhcp/leased/internal/store"
)

// Clock tells the time since the host booted and has one timer.
type Clock interface {
	Now() time.Duration
	// Wake sets the timer: one tick on C at that time.
	Wake(at time.Duration) error
	C() <-chan struct{}
}

// Store keeps records by key.
type Store interface {
	Save(key string, record any) error
	Delete(key string) error
	// Load calls each with every record except those whose key is in but. It returns
	// the keys in but that have no record.
	Load(each func(record []byte) error, but ...string) (absent []string, err error)
}

// Kernel is the containers' side. Every call finds its way by path, makes sure that it is
// the same netns and link still, and holds on to neither; the netns is held open only
// between Find or Enter and Leave. Calls fail with kernel.ErrGone where it is another one.
type Kernel interface {
	attachment.Kernel
	// Find looks at a link: the link with its index, or with the interface name where
	// the index is 0.
	Find(l request.Link, ifname string) (kernel.Place, error)
	// Adopt takes over a descriptor of a netns, which is found at path later.
	Adopt(f *os.File, path, ifname string) (kernel.Place, error)
	// Maker looks at the host's interface that a link is to be made on.
	Maker(s attach.Spec) (kernel.Maker, error)
	// UnmakeLink removes what a killed Maker has left.
	UnmakeLink(p kernel.Place, s attach.Spec) error
	// LANName is a LAN's name with what the kernel calls its interface.
	LANName(lan string) string
	// Reguard guards the ports that an earlier leased has guarded. It comes before all else.
	Reguard(all []kernel.Use) error
	// LANRouters hears the router advertisements on the LAN behind a host interface.
	LANRouters(host string) (kernel.RoutersConn, error)
}

// Config is everything that a Manager stands on. Only Memory, Working, Changed, Watch, Shim and Worked may be nil.
type Config struct {
	Log    *slog.Logger
	Clock  Clock
	Kernel Kernel
	Store  Store // of this boot
	Memory Store // of what outlives a reboot; nil: nothing does
	// Working marks the attachments that are at work.
	Working *store.Working
	Rand    func() uint64 // unpredictable
	BootID  string        // tells this boot from others
	// Changed is called with the number of attachments when that changes. It must
	// not call the Manager.
	Changed func(n int)
	// Watch has a host interface watched, see HostChanged. It must not block.
	Watch func(host string)
	// Shim is told by which shim the host is to reach an attachment's container; the zero Use: by
	// none. It must neither block nor call the Manager.
	Shim func(key string, u shim.Use)
	// Worked is called after an attachment has worked: for a call, a message or a timer.
	// It must not block.
	Worked func()
}
