// SPDX-License-Identifier: Apache-2.0

package event

import (
	"log/slog"
	"strings"
)

// Trimmed says that leased does not apply parts of the lease, which would take traffic that is
// not the LAN's.
type Trimmed struct {
	Parts []string // each with the reason
}

func (Trimmed) Level() slog.Level { return slog.LevelWarn }
func (Trimmed) Message() string   { return "a part of the lease is left out" }
func (e Trimmed) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("parts", strings.Join(e.Parts, "; "))}
}
