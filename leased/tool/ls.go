// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"podman-net-dhcp/internal/leaseapi"
)

func lsCommand() *cli.Command {
	return &cli.Command{
		Name:   "ls",
		Usage:  "list the attachments and their leases",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON object per line"}},
		Before: alone,
		Action: func(c *cli.Context) error {
			list, err := list(c)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return writeJSON(c.App.Writer, list)
			}
			return writeTable(c.App.Writer, list)
		},
	}
}

func list(c *cli.Context) ([]leaseapi.Status, error) {
	leased, err := leaseapi.Dial(c.Context)
	if err != nil {
		return nil, err
	}
	defer leased.Close()
	var list []leaseapi.Status
	err = leased.List(c.Context, func(s leaseapi.Status) error { list = append(list, s); return nil })
	slices.SortFunc(list, func(a, b leaseapi.Status) int {
		x, y := a.Attachment, b.Attachment
		return cmp.Or(cmp.Compare(x.ContainerName, y.ContainerName), cmp.Compare(x.Network, y.Network),
			cmp.Compare(x.Interface, y.Interface), cmp.Compare(x.ContainerID, y.ContainerID))
	})
	return list, err
}

func writeJSON(w io.Writer, list []leaseapi.Status) error {
	enc := json.NewEncoder(w)
	for _, s := range list {
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

func writeTable(w io.Writer, list []leaseapi.Status) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CONTAINER\tNETWORK\tINTERFACE\tON\tMAC\tSTATE\tADDRESS\tIPV6\tGATEWAY\tSERVER\tRENEWS\tEXPIRES\tTROUBLE")
	for _, s := range list {
		address, six, gateway, server, renews, expires := "-", "-", "-", "-", "-", "-"
		if l := s.Lease; l != nil && len(l.IPv6) > 0 {
			six = addresses(l.IPv6)
		}
		if l := s.Lease; l != nil && l.Address.IsValid() {
			address, server = l.Address.String(), l.Server.String()
			if l.Gateway.IsValid() {
				gateway = l.Gateway.String()
			}
			expires = in(l.Expire)
			if s.State != leaseapi.StateHeld {
				renews = in(l.Renew)
			}
		}
		a := s.Attachment
		fmt.Fprintln(t, cmp.Or(a.ContainerName, a.ContainerID)+"\t"+a.Network+"\t"+a.Interface+"\t"+s.Link.Host+"\t"+
			s.Link.MAC+"\t"+s.State+"\t"+address+"\t"+six+"\t"+gateway+"\t"+server+"\t"+renews+"\t"+expires+"\t"+cmp.Or(s.Trouble, "-"))
	}
	return t.Flush()
}

func addresses(all []leaseapi.Address6) string {
	var texts []string
	for _, a := range all {
		texts = append(texts, a.Address.String())
	}
	return strings.Join(texts, ",")
}

func in(seconds *int64) string {
	if seconds == nil {
		return "never"
	}
	return "in " + (time.Duration(*seconds) * time.Second).String()
}
