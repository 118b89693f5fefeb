// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/policy"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/server"
)

// shelf is a manager that only shows what it has.
type shelf []leaseapi.Status

func (s shelf) List() iter.Seq[leaseapi.Status] { return slices.Values(s) }

func (shelf) Acquire(context.Context, request.Request) (*leaseapi.Lease, func(), error) {
	panic("not asked for")
}

func (shelf) Setup(context.Context, request.Setup, *os.File, func(net.HardwareAddr, *leaseapi.Lease, error) bool) (func(), error) {
	panic("not asked for")
}
func (shelf) Teardown(context.Context, request.Attachment, *os.File) error { panic("not asked for") }
func (shelf) Release(context.Context, request.Attachment) error            { panic("not asked for") }
func (shelf) ReleaseContainer(context.Context, string, string) error       { panic("not asked for") }
func (shelf) NoteResolvConf(request.Note)                                  { panic("not asked for") }

// Judge lets the hook onto br0.
func (shelf) Judge(r policy.Request) (string, error) {
	if r.Options.Host() == "br0" {
		return "/etc/leased/policy.conf:7", nil
	}
	return "", errors.New("the policy does not allow hook on " + r.Options.Host())
}

// showAt serves s at path until the test ends.
func showAt(t *testing.T, path string, s shelf) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = (&server.Server{Leases: s, Judge: s, Log: slog.New(slog.DiscardHandler)}).Serve(ctx, l)
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

func attached(name, network, state string, l *leaseapi.Lease) leaseapi.Status {
	return leaseapi.Status{
		Attachment: leaseapi.Attachment{ContainerID: "0123456789ab", ContainerName: name, Network: network, Interface: "eth0"},
		Link:       leaseapi.Link{Netns: "/run/netns/x", Index: 2, MAC: "02:00:00:00:00:01", Host: "br0", MTU: 1500},
		State:      state, Lease: l,
	}
}

func seconds(n int64) *int64 { return &n }

var fullShelf = shelf{
	attached("web", "lan", "BOUND", &leaseapi.Lease{
		Address: netip.MustParsePrefix("192.0.2.9/24"), Gateway: netip.MustParseAddr("192.0.2.1"),
		Server: netip.MustParseAddr("192.0.2.1"), Renew: seconds(1800), Rebind: seconds(3150), Expire: seconds(3600),
	}),
	cutOff(attached("web", "iot", "SELECTING", nil), "no carrier on eth1"),
	attached("", "lan", "REBINDING", &leaseapi.Lease{
		Address: netip.MustParsePrefix("192.0.2.77/32"), Server: netip.MustParseAddr("192.0.2.1"), Renew: seconds(0), Expire: seconds(1),
	}),
	attached("six", "lan", "INIT", &leaseapi.Lease{IPv6: []leaseapi.Address6{
		{Address: netip.MustParsePrefix("2001:db8::9/128"), Source: leaseapi.SourceDHCP},
		{Address: netip.MustParsePrefix("2001:db8::42/64"), Source: leaseapi.SourceSLAAC},
	}}),
	attached("db", "lan", "BOUND", &leaseapi.Lease{Address: netip.MustParsePrefix("192.0.2.10/24"), Server: netip.MustParseAddr("192.0.2.1")}),
}

// cutOff is an attachment with a trouble.
func cutOff(s leaseapi.Status, trouble string) leaseapi.Status {
	s.Trouble = trouble
	return s
}
