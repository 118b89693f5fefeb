// SPDX-License-Identifier: Apache-2.0

package event

import (
	"log/slog"
	"net/netip"
)

// The events at the end of an attachment and of its leases.
type (
	// Lost says that the container turned out to be gone. Held or Ended follows.
	Lost struct{ Err error }
	// Held says that the attachment ended and its leases are kept for the next container.
	Held struct {
		Addrs  []netip.Addr
		Reason string
	}
	// Ended says that the attachment ended and its record is deleted.
	Ended struct{ Reason string }
	// Deferred says that no link can send the RELEASE just now. Held follows, for a second.
	Deferred struct{ Err error }
	// Unreleased says that the RELEASE was not sent. Of a held lease's tries
	// only the first that fails is an event.
	Unreleased struct {
		Addr any // a netip.Addr, or a []netip.Addr while leases are held
		Err  error
	}
	// Unreleased6 says that the DHCPv6 RELEASE was not sent, or not confirmed by a server.
	Unreleased6 struct{ Err error }
	// HandedOver says that no RELEASE is sent, since a newer container uses the lease.
	HandedOver struct{ Addr netip.Addr }
)

func (Lost) Level() slog.Level    { return slog.LevelInfo }
func (Lost) Message() string      { return "container is gone" }
func (e Lost) Attrs() []slog.Attr { return []slog.Attr{slog.Any("err", e.Err)} }

func (Held) Level() slog.Level { return slog.LevelInfo }
func (Held) Message() string   { return "lease held" }
func (e Held) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addrs), slog.String("reason", e.Reason)}
}

func (Ended) Level() slog.Level    { return slog.LevelInfo }
func (Ended) Message() string      { return "lease ended" }
func (e Ended) Attrs() []slog.Attr { return []slog.Attr{slog.String("reason", e.Reason)} }

func (Deferred) Level() slog.Level    { return slog.LevelInfo }
func (Deferred) Message() string      { return "the lease is given back a little later" }
func (e Deferred) Attrs() []slog.Attr { return []slog.Attr{slog.Any("err", e.Err)} }

func (Unreleased) Level() slog.Level { return slog.LevelWarn }
func (Unreleased) Message() string   { return "give the lease back" }
func (e Unreleased) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addr), slog.Any("err", e.Err)}
}

func (Unreleased6) Level() slog.Level    { return slog.LevelWarn }
func (Unreleased6) Message() string      { return "give the IPv6 lease back" }
func (e Unreleased6) Attrs() []slog.Attr { return []slog.Attr{slog.Any("err", e.Err)} }

func (HandedOver) Level() slog.Level    { return slog.LevelInfo }
func (HandedOver) Message() string      { return "the lease is another container's now" }
func (e HandedOver) Attrs() []slog.Attr { return []slog.Attr{slog.Any("addr", e.Addr)} }
