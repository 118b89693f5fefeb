// SPDX-License-Identifier: Apache-2.0

// Package event serves steps 5 and 6 of the way of a lease. Each thing that happens to
// an attachment is a typed value whose fields are the facts. The code that finds the
// fact makes the event and hands it to a Sink. The log is the first Sink; the text of
// each event's line is with its type.
package event

import "log/slog"

// Attachment names the attachment that an event is about, as leased logs it: the
// container's name, the network's name, and the interface's name in the container.
type Attachment struct{ Container, Net, Ifname string }

// Event is one thing that happened to an attachment: a value of a type of this package.
// The methods give the parts of its log line; a sink that needs the facts switches over
// the types.
type Event interface {
	// Level is the level of the line: Debug for packets, Info for changes, Warn and
	// Error for trouble.
	Level() slog.Level
	// Message is the text of the line.
	Message() string
	// Attrs are the keys and values of the line, in order, after the attachment's.
	Attrs() []slog.Attr
}

// Sink takes events. Emit is called by several attachments at once, with their work
// waiting for it: Emit returns soon, and does not change the event.
type Sink interface{ Emit(who Attachment, e Event) }

// Sinks is a Sink that hands each event to each of its sinks, in order.
type Sinks []Sink

// Emit hands e to each sink.
func (s Sinks) Emit(who Attachment, e Event) {
	for _, sink := range s {
		sink.Emit(who, e)
	}
}

// Family is the IP version that an event is about. The zero Family is invalid.
type Family uint8

// The families.
const (
	IPv4 Family = iota + 1
	IPv6
)

// String returns IPv4, IPv6 or invalid.
func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return "invalid"
}

// marked returns text as the log has it for the family: IPv6 stands before IPv6's
// lines, with sep after it. IPv4's lines have no mark.
func (f Family) marked(sep, text string) string {
	if f == IPv6 {
		return f.String() + sep + text
	}
	return text
}
