// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netavark"
)

// teardownTimeout bounds teardown: Podman holds its network lock meanwhile, and
// has no timeout of its own.
const teardownTimeout = 5 * time.Second

// teardown releases and deletes what it can and fails only for input that it
// cannot read: an error would leave `podman stop` failed and the network in the
// container's record.
func teardown(netnsPath string, stdin io.Reader, stderr io.Writer) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	document, err := netavark.Document(stdin)
	if err != nil {
		return err
	}
	begun := time.Now()
	call := callTeardown(netnsPath, document)
	if call == nil {
		return leave(netnsPath, document, begun, nil, stderr)
	}
	defer call.Close()
	if string(call.Reply()) == empty {
		return nil
	}
	return leave(netnsPath, document, begun, call, stderr)
}

// leave is teardown's other way, as join is setup's. call is the call that was made, or nil.
func leave(netnsPath string, document []byte, begun time.Time, call *leaseapi.Pipe, stderr io.Writer) error {
	exec, err := netavark.ParseExec(document)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), begun.Add(teardownTimeout))
	defer cancel()
	err = front.Departure{Attachment: exec.Attachment(), Netns: netnsPath, Begun: call}.Leave(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "net-dhcp: teardown of %s on %s: %v\n", exec.ContainerName, exec.Network.Name, err)
	}
	return nil
}
