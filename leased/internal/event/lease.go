// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
)

// The events of a lease in use: of either family where they have a Family, else of IPv4.
type (
	// State says that the family's machine went from the state From to State.
	State struct {
		Family      Family
		State, From fmt.Stringer
	}
	// Bound says that the container now has an IPv4 address that it did not have before.
	Bound struct {
		Addr   netip.Prefix
		Server netip.Addr
	}
	// Unbound says that the family's addresses are about to be taken from the container.
	Unbound struct {
		Family Family
		Reason string
	}
	// Changed says that a renewal or a router brought another value of What. An invalid
	// netip.Addr stands for no address.
	Changed struct {
		What    string
		Was, Is any
	}
	// Proxy says that a machine claims one address after the other, or is the DHCP server
	// or the router (Server): its claims are no conflicts from now on.
	Proxy struct {
		MAC    net.HardwareAddr
		Server bool
	}
	// Discounted says that a Proxy claims the address that the container gets all the same.
	Discounted struct {
		Addr netip.Addr
		MAC  net.HardwareAddr
	}
	// OutOfReach says that the leases name this host by Addrs, as DNS server or router, and that
	// the container, a macvlan on the host's interface On, cannot reach it.
	OutOfReach struct {
		Addrs []netip.Addr
		On    string
	}
	// Twin says that a frame with the container's MAC came in by another port of its bridge: another machine has the MAC.
	Twin struct {
		MAC  net.HardwareAddr
		Port string
	}
	// Conflict says that ARP heard another machine use the container's address, or probe for it.
	Conflict struct {
		Addr netip.Addr
		MAC  net.HardwareAddr
	}
)

func (State) Level() slog.Level { return slog.LevelInfo }
func (e State) Message() string { return e.Family.marked(" ", "state") }
func (e State) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("state", e.State), slog.Any("from", e.From)}
}

func (Bound) Level() slog.Level { return slog.LevelInfo }
func (Bound) Message() string   { return "bound" }
func (e Bound) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addr), slog.Any("server", e.Server)}
}

func (Unbound) Level() slog.Level    { return slog.LevelInfo }
func (e Unbound) Message() string    { return e.Family.marked(" ", "unbind") }
func (e Unbound) Attrs() []slog.Attr { return []slog.Attr{slog.String("reason", e.Reason)} }

func (Changed) Level() slog.Level { return slog.LevelInfo }
func (Changed) Message() string   { return "lease changed" }
func (e Changed) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("what", e.What), slog.Any("was", shown(e.Was)), slog.Any("is", shown(e.Is))}
}

func (Proxy) Level() slog.Level { return slog.LevelWarn }

// Message gives the reason.
func (e Proxy) Message() string {
	if e.Server {
		return "the DHCP server's or the router's machine claims an address that was given out; its claims do not count"
	}
	return "a machine claims every address; its claims do not count"
}
func (e Proxy) Attrs() []slog.Attr { return []slog.Attr{slog.String("mac", e.MAC.String())} }

func (Discounted) Level() slog.Level { return slog.LevelInfo }
func (Discounted) Message() string {
	return "address is said to be in use by a machine whose claims do not count"
}

func (e Discounted) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addr), slog.String("mac", e.MAC.String())}
}

func (OutOfReach) Level() slog.Level { return slog.LevelWarn }
func (OutOfReach) Message() string {
	return "the lease names this host, which a macvlan on the host's interface cannot reach"
}

func (e OutOfReach) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addrs), slog.String("on", e.On), slog.String("remedy", Remedy(e.On))}
}

// Remedy is the next step where a container on the host interface on does not reach the host.
func Remedy(on string) string {
	return "create the network with -o shim=dhcp, or with -o shim=ADDRESS, an address for the host that is not in the DHCP server's pool; or put " + on + " into a bridge and use -o bridge="
}

// ServerRemedy is the next step where the host's DHCP server does not hear a container on the host
// interface on. A shim is none: there is one as soon as a container has an address.
func ServerRemedy(on string) string {
	return "put " + on + " into a bridge and use -o bridge=, or have the server listen on a macvlan of its own on " + on
}

func (Twin) Level() slog.Level { return slog.LevelWarn }
func (Twin) Message() string {
	return "another machine has the container's MAC: is it a clone of this host with the same machine-id? (or a switch returns frames)"
}

func (e Twin) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("mac", e.MAC.String()), slog.String("port", e.Port)}
}

func (Conflict) Level() slog.Level { return slog.LevelWarn }
func (Conflict) Message() string   { return "address is in use by another machine" }
func (e Conflict) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addr), slog.String("mac", e.MAC.String())}
}

// shown is a value of Changed as the log has it: an address as it is, so that an
// invalid one is empty, and anything else as text.
func shown(v any) any {
	if addr, ok := v.(netip.Addr); ok {
		return addr
	}
	return fmt.Sprint(v)
}
