// SPDX-License-Identifier: Apache-2.0

package event

import (
	"log/slog"
	"net/netip"
	"time"
)

// The events of IPv6 only.
type (
	// Bound6 says that the container now has an IPv6 address that it did not have before.
	Bound6 struct {
		Addr   netip.Addr
		Source string // dhcp or slaac
	}
	// Duplicate6 says that DAD found the IPv6 address in use by another host (RFC 4862 §5.4).
	Duplicate6 struct{ Addr netip.Addr }
	// Deprecated6 says that the preferred lifetime of a router's address is over (RFC 4862 §5.5.4).
	Deprecated6 struct{ Addr netip.Addr }
	// Gone6 says that the container no longer has an address that the kernel made from a router's prefix.
	Gone6 struct{ Addr netip.Addr }
	// NoIPv6 says that the attachment does without IPv6 from now on.
	NoIPv6 struct{ Reason string }
	// Flooded6 says that the container's kernel had to take too many prefixes and routers, which the LAN has not
	// heard, and takes none for Rest.
	Flooded6 struct{ Rest time.Duration }
	// AdvertiseFailed says that the neighbors were not told of an address whose DAD is over (RFC 4861 §7.2.6).
	AdvertiseFailed struct {
		Addr netip.Addr
		Err  error
	}
)

func (Bound6) Level() slog.Level { return slog.LevelInfo }
func (Bound6) Message() string   { return "IPv6 bound" }
func (e Bound6) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addr), slog.String("source", e.Source)}
}

func (Duplicate6) Level() slog.Level    { return slog.LevelWarn }
func (Duplicate6) Message() string      { return "IPv6 address in use by another host" }
func (e Duplicate6) Attrs() []slog.Attr { return []slog.Attr{slog.Any("addr", e.Addr)} }

func (Deprecated6) Level() slog.Level    { return slog.LevelInfo }
func (Deprecated6) Message() string      { return "IPv6 address deprecated" }
func (e Deprecated6) Attrs() []slog.Attr { return []slog.Attr{slog.Any("addr", e.Addr)} }

func (Gone6) Level() slog.Level    { return slog.LevelInfo }
func (Gone6) Message() string      { return "IPv6 address gone" }
func (e Gone6) Attrs() []slog.Attr { return []slog.Attr{slog.Any("addr", e.Addr)} }

func (NoIPv6) Level() slog.Level    { return slog.LevelWarn }
func (NoIPv6) Message() string      { return "no IPv6" }
func (e NoIPv6) Attrs() []slog.Attr { return []slog.Attr{slog.String("reason", e.Reason)} }

func (Flooded6) Level() slog.Level { return slog.LevelWarn }
func (Flooded6) Message() string {
	return "flood of router advertisements to this container alone; it takes no prefixes and routers for now"
}
func (e Flooded6) Attrs() []slog.Attr { return []slog.Attr{slog.Duration("rest", e.Rest)} }

func (AdvertiseFailed) Level() slog.Level { return slog.LevelWarn }
func (AdvertiseFailed) Message() string   { return "advertise an IPv6 address" }
func (e AdvertiseFailed) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("addr", e.Addr), slog.Any("err", e.Err)}
}
