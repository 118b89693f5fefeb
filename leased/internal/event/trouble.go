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
	// OtherMAC says that a program in the container has given its interface another MAC. Guarded: the guard of
	// the bridge port lets no frame of that MAC pass.
	OtherMAC struct {
		Err     error
		Guarded bool
	}
	// TakenAway says that a program in the container has removed What, which leased has put back.
	TakenAway struct {
		What string // a noun phrase, such as "address"
		Addr any    // a netip.Addr or a netip.Prefix; nil: What says all
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

func (OtherMAC) Level() slog.Level { return slog.LevelWarn }
func (OtherMAC) Message() string {
	return "the container has changed its MAC; its lease stays with the MAC of before"
}

func (e OtherMAC) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Any("err", e.Err)}
	if e.Guarded {
		attrs = append(attrs, slog.String("hint", "the guard of its port drops its frames: set the MAC back, or use option mac= or guard=off"))
	}
	return attrs
}

func (TakenAway) Level() slog.Level { return slog.LevelWarn }
func (e TakenAway) Message() string {
	return "the container has removed its " + e.What + "; leased puts it back"
}

func (e TakenAway) Attrs() []slog.Attr {
	if e.Addr == nil {
		return nil
	}
	return []slog.Attr{slog.Any("addr", e.Addr)}
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
