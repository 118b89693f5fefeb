// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"syscall"

	"podman-net-dhcp/internal/leaseapi/pipe"
)

// The messages without the netns and the document, and the replies without the StatusBlock. leased
// spells its replies as Go's encoder does.
const (
	callOfSetup    = `{"method":"` + pipe.MethodSetup + `","parameters":{"netns":"`
	callOfTeardown = `{"method":"` + pipe.MethodTeardown + `","parameters":{`
	netavarks      = `"netavark":`
	end            = "}}\x00"

	empty    = `{"parameters":{}}`
	statuses = `{"parameters":{"status":`
)

// How long leased may take to answer, in nanoseconds. The full program then goes on waiting, as
// long as the options say.
var (
	setupPatience    int64 = pipe.ShortestPatience // shorter in tests
	teardownPatience int64 = pipe.TeardownPatience
)

// Room for both messages. The kernel gives memory for the part that is used.
var toLeased, fromLeased [pipe.MaxFrame]byte

// setup calls Setup, and prints the StatusBlock of its reply. Ctrl-C on podman run reaches the whole
// process group, and ends this program like kill -9: leased undoes what was made when its caller
// hangs up, the link included.
func setup(args []string) int {
	netns, err := open(args[2])
	if err != nil || !plain(args[2]) {
		return become(args)
	}
	head := callOfSetup + args[2] + `",` + netavarks
	call, document := send(head, netns, setupPatience)
	if s := status(reply(call)); s != nil {
		return answer(s)
	}
	return handOver(args, document, call)
}

// teardown calls Teardown.
func teardown(args []string) int {
	ignore(syscall.SIGINT)
	ignore(syscall.SIGTERM)
	netns, err := open(args[2])
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return become(args)
	}
	call, document := send(callOfTeardown+netavarks, netns, teardownPatience)
	if string(reply(call)) == empty {
		return 0
	}
	return handOver(args, document, call)
}

// open opens a netns as internal/netns does; -1: it cannot. leased looks at what it is.
func open(path string) (int, error) {
	return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
}

// send sends leased a message of head and the document on stdin, with a netns, and closes the
// netns: once leased has its own descriptor, nothing of ours pins it. call is nil if the document
// is none that leased can get.
func send(head string, netns int, patience int64) (call *pipe.Call, document []byte) {
	b := read(head)
	document = b[len(head):]
	if sendable(document) && len(b)+len(end) <= pipe.MaxFrame {
		c := pipe.Send(append(b, end...), netns, patience)
		call = &c
	}
	_ = syscall.Close(netns)
	return call, document
}

func reply(call *pipe.Call) []byte {
	if call == nil || call.FD < 0 {
		return nil
	}
	return call.Reply(fromLeased[:])
}
