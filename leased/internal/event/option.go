// SPDX-License-Identifier: Apache-2.0

package event

import "log/slog"

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
