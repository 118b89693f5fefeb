// SPDX-License-Identifier: Apache-2.0

package event

import (
	"log/slog"
	"net/netip"
)

// The events of the container's resolv.conf.
type (
	// ResolvEdited says that other software edited resolv.conf, so that a change of DNS servers leaves it alone.
	ResolvEdited struct{}
	// ResolvForeign says that no resolv.conf is known that was made for this container, or that the container may not
	// write it, so that a change of DNS servers leaves it alone.
	ResolvForeign struct{ Err error }
	// ResolvRewritten says that resolv.conf was rewritten for the DNS servers and search domains of today's leases.
	ResolvRewritten struct {
		DNS    []netip.Addr
		Search []string
	}
)

func (ResolvEdited) Level() slog.Level  { return slog.LevelInfo }
func (ResolvEdited) Message() string    { return "resolv.conf was edited; leased does not change it" }
func (ResolvEdited) Attrs() []slog.Attr { return nil }

func (ResolvForeign) Level() slog.Level { return slog.LevelInfo }
func (ResolvForeign) Message() string {
	return "resolv.conf is not the engine's or the hook's; leased does not change it"
}
func (e ResolvForeign) Attrs() []slog.Attr { return []slog.Attr{slog.Any("err", e.Err)} }

func (ResolvRewritten) Level() slog.Level { return slog.LevelInfo }
func (ResolvRewritten) Message() string   { return "resolv.conf rewritten" }
func (e ResolvRewritten) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("dns", e.DNS), slog.Any("search", e.Search)}
}
