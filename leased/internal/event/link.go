// SPDX-License-Identifier: Apache-2.0

package event

import "log/slog"

// The events of a container's link, on the host's side.
type (
	// LinkTrouble says what is amiss with the link. leased mends it, when that can be.
	LinkTrouble struct{ Text string }
	// LinkMended says that nothing is amiss any more.
	LinkMended struct{}
	// LinkContested says that the same trouble comes back: another program makes it.
	LinkContested struct{ Text string }
)

func (LinkTrouble) Level() slog.Level    { return slog.LevelWarn }
func (LinkTrouble) Message() string      { return "the container is cut off from the LAN" }
func (e LinkTrouble) Attrs() []slog.Attr { return []slog.Attr{slog.String("reason", e.Text)} }

func (LinkMended) Level() slog.Level  { return slog.LevelInfo }
func (LinkMended) Message() string    { return "the container is on the LAN again" }
func (LinkMended) Attrs() []slog.Attr { return nil }

func (LinkContested) Level() slog.Level { return slog.LevelError }
func (LinkContested) Message() string {
	return "another program takes the container off the LAN again and again; leased tries once a minute; " +
		"have your network configuration ignore this interface"
}
func (e LinkContested) Attrs() []slog.Attr { return []slog.Attr{slog.String("reason", e.Text)} }
