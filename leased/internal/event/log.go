// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"log/slog"
)

// NewLog returns the Sink that writes one line an event to log: the attributes
// container, net and ifname, then the event's own. Where the event's level is off,
// the sink asks for the level only.
func NewLog(log *slog.Logger) Sink { return logSink{log} }

type logSink struct{ log *slog.Logger }

func (s logSink) Emit(who Attachment, e Event) {
	ctx, level := context.Background(), e.Level()
	if !s.log.Enabled(ctx, level) {
		return
	}
	const most = 7 // attributes: the attachment's three, and four of a message
	attrs := make([]slog.Attr, 0, most)
	attrs = append(attrs, slog.String("container", who.Container), slog.String("net", who.Net))
	attrs = append(attrs, slog.String("ifname", who.Ifname))
	s.log.LogAttrs(ctx, level, e.Message(), append(attrs, e.Attrs()...)...)
}
