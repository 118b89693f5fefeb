// SPDX-License-Identifier: Apache-2.0

// leased, the operator's tool, lists the leases, asks what the policy allows, and shows help. The daemon is a program
// of its own, which "leased serve" becomes.
package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"podman-net-dhcp/internal/build"
	"podman-net-dhcp/internal/leaseapi"
)

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "leased:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 2 && (args[1] == "help" || args[1] == "h") && args[2] == "serve" {
		return becomeDaemon("--help") // the library knows no options of serve
	}
	return app().Run(args)
}

func app() *cli.App {
	return &cli.App{
		Name:     "leased",
		Usage:    "DHCP leases of containers on the LAN",
		Version:  build.Version,
		Commands: []*cli.Command{serveCommand(), lsCommand(), mayCommand()},
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
