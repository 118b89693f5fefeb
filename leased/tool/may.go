// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"podman-net-dhcp/internal/leaseapi"
)

func mayCommand() *cli.Command {
	return &cli.Command{
		Name:      "may",
		Usage:     "ask the policy whether WHO may attach to an interface of the host",
		ArgsUsage: "WHO INTERFACE [OPTION=VALUE]...",
		Action: func(c *cli.Context) error {
			req, err := mayRequest(c.Args().Slice())
			if err != nil {
				return err
			}
			leased, err := leaseapi.Dial(c.Context)
			if err != nil {
				return err
			}
			defer leased.Close()
			reply, err := leased.May(c.Context, req)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.App.Writer, "allowed by "+reply.Line)
			return err
		},
	}
}

func mayRequest(args []string) (req leaseapi.MayRequest, err error) {
	if len(args) < 2 {
		return req, fmt.Errorf("may takes WHO INTERFACE [OPTION=VALUE]...; such as: leased may %s br0 mac=random", leaseapi.FrontHook)
	}
	req = leaseapi.MayRequest{Who: args[0], Interface: args[1], Options: map[string]string{}}
	for _, arg := range args[2:] {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return req, fmt.Errorf("may: %q: want OPTION=VALUE", arg)
		}
		req.Options[key] = value
	}
	return req, nil
}
