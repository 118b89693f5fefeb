// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"
	"log/slog"
	"net/netip"
)

// The events of DHCP messages. A Type prints as RFC 2131 or RFC 8415 spells it.
type (
	// Sent says that the machine has a message for the servers, just before the message is sent.
	Sent struct {
		Family Family
		Type   fmt.Stringer
		XID    uint32
		Server netip.Addr // IPv4 only; invalid: broadcast
	}
	// Received says that a message for this client came in, before the machine sees the message.
	Received struct {
		Family       Family
		Type         fmt.Stringer
		XID          uint32
		Addr, Server netip.Addr // IPv4 only; invalid where the message has none
	}
	// Ignored says that a message came in that is broken (Err), or another client's (nil).
	Ignored struct{ Err error }
)

func (Sent) Level() slog.Level { return slog.LevelDebug }
func (Sent) Message() string   { return "send" }

// Attrs leaves the server to IPv4: DHCPv6 sends to all servers.
func (e Sent) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Any("type", e.Type), slog.Uint64("xid", uint64(e.XID))}
	if e.Family == IPv4 {
		attrs = append(attrs, slog.Any("server", e.Server))
	}
	return attrs
}

func (Received) Level() slog.Level { return slog.LevelDebug }
func (Received) Message() string   { return "received" }

// Attrs leaves addr and server to IPv4: a DHCPv6 message has several addresses.
func (e Received) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Any("type", e.Type), slog.Uint64("xid", uint64(e.XID))}
	if e.Family == IPv4 {
		attrs = append(attrs, slog.Any("addr", e.Addr), slog.Any("server", e.Server))
	}
	return attrs
}

func (Ignored) Level() slog.Level    { return slog.LevelDebug }
func (Ignored) Message() string      { return "message ignored" }
func (e Ignored) Attrs() []slog.Attr { return []slog.Attr{slog.Any("err", e.Err)} }
