// SPDX-License-Identifier: Apache-2.0

// leased is the lease daemon: it gets, applies, renews and gives back the DHCP
// leases of all containers of a host. Its other subcommands are the operator's
// tool.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"podman-net-dhcp/internal/build"
	"podman-net-dhcp/internal/leaseapi"
)

func main() {
	switch err := app().Run(os.Args); {
	case errors.Is(err, errIdle):
		os.Exit(exitIdle)
	case err != nil:
		fmt.Fprintln(os.Stderr, "leased:", err)
		os.Exit(1)
	}
}

func app() *cli.App {
	return &cli.App{
		Name:     "leased",
		Usage:    "DHCP leases of containers on the LAN",
		Version:  build.Version,
		Commands: []*cli.Command{serveCommand(), lsCommand()},
		Description: "systemd starts leased through a socket. Enable it: systemctl enable --now leased.socket\n" +
			"The log is in the journal: journalctl -u leased\n" +
			"The environment variable LEASED_SOCKET replaces the socket's path, " + leaseapi.DefaultSocket + ".\n" +
			"The manual: man 8 leased; for networks and their options: man 7 net-dhcp",
		ExitErrHandler: func(*cli.Context, error) {}, // main says it
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return fmt.Errorf("unknown command %q; see: leased help", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
}

// alone refuses what stands behind a command that takes nothing.
func alone(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("%s takes no arguments; got %q", c.Command.Name, c.Args().First())
	}
	return nil
}
