// SPDX-License-Identifier: Apache-2.0

// leased is the lease daemon: it gets, applies, renews and gives back the DHCP
// leases of all containers of a host. The operator's tool is a program of its own,
// leased/tool, so that the daemon does without the tool's libraries.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"podman-net-dhcp/internal/build"
)

// init has main keep the main thread, where it only waits: the main thread cannot visit a
// container's network namespace, and a goroutine that runs there would need another one for
// each visit (package netns).
func init() { runtime.LockOSThread() }

func main() {
	done := make(chan error)
	go func() { done <- run(os.Args[1:], os.Stdout) }()
	switch err := <-done; {
	case errors.Is(err, errIdle):
		os.Exit(exitIdle)
	case err != nil:
		fmt.Fprintln(os.Stderr, "leased:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(stdout, help+debugHelp)
		return err
	case err != nil:
		return err
	case o.version:
		_, err = fmt.Fprintln(stdout, "leased version", build.Version)
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log, err := logger(o.level)
	if err != nil {
		return err
	}
	return serve(ctx, config{dir: o.dir, memory: o.memory, policy: o.policy, idleAfter: o.idleAfter, log: log})
}
