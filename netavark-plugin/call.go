// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/leaseapi"
)

// This file is the usual way of setup and teardown: the document goes to leased, and leased's
// answer to stdout, both unparsed. Podman starts this program for each container, so this way makes
// few system calls, and starts no goroutine. Everything unusual takes another way: join and leave.

// The messages without the netns and the document, and the replies without the StatusBlock. leased
// spells its replies as Go's encoder does.
const (
	callOfSetup    = `{"method":"` + leaseapi.MethodSetup + `","parameters":{"netns":"`
	callOfTeardown = `{"method":"` + leaseapi.MethodTeardown + `","parameters":{`
	netavarks      = `"netavark":`
	end            = "}}\x00"

	empty    = `{"parameters":{}}`
	statuses = `{"parameters":{"status":`
)

// patience is how long the usual way of setup waits; join then goes on with the options' patience.
var patience = front.ShortestPatience // shorter in tests

// maxParameters is the room for a call's parameters in a message.
const maxParameters = leaseapi.MaxFrame - 100

// callSetup calls Setup. It returns nil if leased got no call.
func callSetup(netnsPath string, document []byte) *leaseapi.Pipe {
	if !plain(netnsPath) || !sendable(document) {
		return nil
	}
	netns, err := open(netnsPath)
	if err != nil {
		return nil
	}
	defer unix.Close(netns) // once leased has its own descriptor, nothing of ours pins the netns
	return leaseapi.Send(concat(callOfSetup, netnsPath, `",`+netavarks, document), netns, patience)
}

// callTeardown calls Teardown. It returns nil if leased got no call.
func callTeardown(netnsPath string, document []byte) *leaseapi.Pipe {
	if !sendable(document) {
		return nil
	}
	netns, err := open(netnsPath)
	switch {
	case errors.Is(err, unix.ENOENT):
		netns = -1
	case err != nil:
		return nil
	default:
		defer unix.Close(netns)
	}
	return leaseapi.Send(concat(callOfTeardown, "", netavarks, document), netns, teardownTimeout)
}

// open opens a netns as internal/netns does. leased looks at what it is.
func open(netnsPath string) (int, error) {
	return unix.Open(netnsPath, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
}

func concat(call, netnsPath, between string, document []byte) []byte {
	b := make([]byte, 0, len(call)+len(netnsPath)+len(between)+len(document)+len(end))
	b = append(append(append(b, call...), netnsPath...), between...)
	return append(append(b, document...), end...)
}

// plain reports whether a path stands in JSON as it is.
func plain(path string) bool {
	for i := range len(path) {
		if c := path[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return len(path) <= unix.PathMax
}

// sendable reports whether a document may go into a message as it is: it fits, and stays inside
// its place. Whether it is JSON, leased finds out.
func sendable(document []byte) bool {
	d := bytes.TrimSpace(document)
	return len(document)+unix.PathMax <= maxParameters && len(d) > 0 && objectEnd(d) == len(d) && bytes.IndexByte(d, 0) < 0
}

// ready is an answer that stands as it is to be written.
type ready []byte

// status returns the StatusBlock in the reply, or nil if there is anything else in it.
func status(reply []byte) any {
	s, ok := bytes.CutPrefix(reply, []byte(statuses))
	if !ok || objectEnd(s) != len(s)-2 || !bytes.HasSuffix(s, []byte("}}")) {
		return nil
	}
	return ready(s[:len(s)-2])
}

// objectEnd returns the length of the JSON object with which s begins, or 0.
func objectEnd(s []byte) int {
	depth, text := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case !text && c == '{':
			depth++
		case !text && c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		if depth == 0 {
			return 0
		}
	}
	return 0
}
