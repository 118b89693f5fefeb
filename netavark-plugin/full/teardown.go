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
	"podman-net-dhcp/internal/leaseapi/pipe"
	"podman-net-dhcp/internal/netavark"
)

// teardown releases and deletes what it can and fails only for input that it
// cannot read: an error would leave `podman stop` failed and the network in the
// container's record.
func teardown(netnsPath string, h handed, stdin io.Reader, stderr io.Writer) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	if h.call != nil {
		defer h.call.Close()
	}
	document, err := netavark.Document(stdin)
	if err != nil {
		return err
	}
	if h.since.IsZero() {
		h.since = time.Now()
	}
	exec, err := netavark.ParseExec(document)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), h.since.Add(pipe.TeardownPatience))
	defer cancel()
	err = front.Departure{Attachment: exec.Attachment(), Netns: netnsPath, Begun: h.call}.Leave(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "net-dhcp: teardown of %s on %s: %v\n", exec.ContainerName, exec.Network.Name, err)
	}
	return nil
}
