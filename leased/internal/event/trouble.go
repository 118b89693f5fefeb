// SPDX-License-Identifier: Apache-2.0

package event

import (
	"log/slog"
	"net"
)

// The events of trouble.
type (
	// Reported says that a machine met something for the operator that changes no state, such as a NAK.
	Reported struct {
		Family      Family
		Msg, Detail string
	}
	// Failed says that leased could not do What, and goes on without it or tries again.
	Failed struct {
		What string // a verb phrase; the whole message: "IPv6: " is part of it
		Err  error
	}
	// InVain says that a start has waited in vain for a lease, why, and as whom the container asks.
	InVain struct {
		MAC net.HardwareAddr
		Why string
	}
	// Broken says that leased could not do What to the container's link or to the lease's record.
	Broken struct {
		What string // a verb phrase
		Err  error
	}
	// LeftOut says how many events of the attachment the Limit has left out in the last minute.
	LeftOut struct{ Lines int }
	// Panicked says that leased panicked while it worked for the attachment, which ends without a RELEASE.
	Panicked struct {
		Value any
		Stack string
	}
)

func (Reported) Level() slog.Level    { return slog.LevelWarn }
func (e Reported) Message() string    { return e.Family.marked(": ", e.Msg) }
func (e Reported) Attrs() []slog.Attr { return []slog.Attr{slog.String("detail", e.Detail)} }

func (Failed) Level() slog.Level    { return slog.LevelWarn }
func (e Failed) Message() string    { return e.What }
func (e Failed) Attrs() []slog.Attr { return []slog.Attr{slog.Any("err", e.Err)} }

func (InVain) Level() slog.Level { return slog.LevelWarn }
func (InVain) Message() string   { return "no lease in time" }
func (e InVain) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("mac", e.MAC.String()), slog.String("reason", e.Why)}
}

func (Broken) Level() slog.Level    { return slog.LevelError }
func (e Broken) Message() string    { return e.What }
func (e Broken) Attrs() []slog.Attr { return []slog.Attr{slog.Any("err", e.Err)} }

func (LeftOut) Level() slog.Level    { return slog.LevelWarn }
func (LeftOut) Message() string      { return "lines left out in the last minute" }
func (e LeftOut) Attrs() []slog.Attr { return []slog.Attr{slog.Int("lines", e.Lines)} }

func (Panicked) Level() slog.Level { return slog.LevelError }
func (Panicked) Message() string   { return "panic" }
func (e Panicked) Attrs() []slog.Attr {
	return []slog.Attr{slog.Any("err", e.Value), slog.String("stack", e.Stack)}
}
