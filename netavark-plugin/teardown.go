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
	exec, err := netavark.ReadExec(stdin)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), teardownTimeout)
	defer cancel()
	if err := front.Leave(ctx, exec.Attachment(), netnsPath); err != nil {
		fmt.Fprintf(stderr, "net-dhcp: teardown of %s on %s: %v\n", exec.ContainerName, exec.Network.Name, err)
	}
	return nil
}
