// SPDX-License-Identifier: Apache-2.0

package event

import (
	"log/slog"
	"time"
)

// Limited says that an option of the container asks for more time than its network allows.
type Limited struct {
	Option string // key=value, as the container has it
	To     string // the value that counts
}

func (Limited) Level() slog.Level { return slog.LevelWarn }
func (Limited) Message() string   { return "a container's option is limited by its network's" }
func (e Limited) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("option", e.Option), slog.String("to", e.To)}
}

// Raised says that a bridge or parent was down, and that leased has brought it up.
type Raised struct{ Host string }

func (Raised) Level() slog.Level { return slog.LevelInfo }
func (Raised) Message() string   { return "the bridge or parent was down and is up now" }
func (e Raised) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("host", e.Host)}
}

// Hindered says that a new link cannot reach its LAN yet: its parent has no carrier, or its
// bridge's spanning tree holds it back for that long.
type Hindered struct {
	Host    string
	Blocked time.Duration // 0: it is the carrier
}

func (Hindered) Level() slog.Level { return slog.LevelWarn }
func (e Hindered) Message() string {
	if e.Blocked == 0 {
		return "the parent has no carrier; the lease comes when it has"
	}
	return "spanning tree holds the port back; the lease comes later"
}

func (e Hindered) Attrs() []slog.Attr {
	if e.Blocked == 0 {
		return []slog.Attr{slog.String("host", e.Host)}
	}
	return []slog.Attr{slog.String("host", e.Host), slog.Duration("for", e.Blocked)}
}
