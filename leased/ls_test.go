// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/server"
)

// shelf is a manager that only shows what it has.
type shelf []leaseapi.Status

func (s shelf) List() iter.Seq[leaseapi.Status] { return slices.Values(s) }

func (shelf) Acquire(context.Context, leaseapi.AcquireRequest) (*leaseapi.Lease, func(), error) {
	panic("not asked for")
}
func (shelf) Release(context.Context, leaseapi.Attachment) error { panic("not asked for") }
func (shelf) ReleaseContainer(context.Context, string) error     { panic("not asked for") }

// show serves s on LEASED_SOCKET.
func show(t *testing.T, s shelf) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	t.Setenv("LEASED_SOCKET", path)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = (&server.Server{Leases: s, Log: slog.New(slog.DiscardHandler)}).Serve(ctx, l)
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

var some = shelf{
	attached("web", "lan", "BOUND", &leaseapi.Lease{
		Address: netip.MustParsePrefix("192.0.2.9/24"), Gateway: netip.MustParseAddr("192.0.2.1"),
		Server: netip.MustParseAddr("192.0.2.1"), Renew: seconds(1800), Rebind: seconds(3150), Expire: seconds(3600),
	}),
	attached("web", "iot", "SELECTING", nil),
	attached("", "lan", "REBINDING", &leaseapi.Lease{
		Address: netip.MustParsePrefix("192.0.2.77/32"), Server: netip.MustParseAddr("192.0.2.1"), Renew: seconds(0), Expire: seconds(1),
	}),
	attached("six", "lan", "INIT", &leaseapi.Lease{IPv6: []leaseapi.Address6{
		{Address: netip.MustParsePrefix("2001:db8::9/128"), Source: leaseapi.SourceDHCP},
		{Address: netip.MustParsePrefix("2001:db8::42/64"), Source: leaseapi.SourceSLAAC},
	}}),
	attached("db", "lan", "BOUND", &leaseapi.Lease{Address: netip.MustParsePrefix("192.0.2.10/24"), Server: netip.MustParseAddr("192.0.2.1")}),
}

func TestLsTable(t *testing.T) {
	show(t, some)
	out, err := leased("ls")
	want := `CONTAINER     NETWORK  INTERFACE  ON   MAC                STATE      ADDRESS        IPV6                             GATEWAY    SERVER     RENEWS    EXPIRES
0123456789ab  lan      eth0       br0  02:00:00:00:00:01  REBINDING  192.0.2.77/32  -                                -          192.0.2.1  in 0s     in 1s
db            lan      eth0       br0  02:00:00:00:00:01  BOUND      192.0.2.10/24  -                                -          192.0.2.1  never     never
six           lan      eth0       br0  02:00:00:00:00:01  INIT       -              2001:db8::9/128,2001:db8::42/64  -          -          -         -
web           iot      eth0       br0  02:00:00:00:00:01  SELECTING  -              -                                -          -          -         -
web           lan      eth0       br0  02:00:00:00:00:01  BOUND      192.0.2.9/24   -                                192.0.2.1  192.0.2.1  in 30m0s  in 1h0m0s
`
	if err != nil || out != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}

func TestLsJSON(t *testing.T) {
	show(t, some)
	out, err := leased("ls", "--json")
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if err != nil || len(lines) != len(some) {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, line := range lines {
		var s leaseapi.Status
		if err := json.Unmarshal([]byte(line), &s); err != nil || s.State == "" {
			t.Errorf("line %d: %s: %v", i, line, err)
		}
	}
	want := `{"attachment":{"containerId":"0123456789ab","containerName":"db","network":"lan","interface":"eth0"},` +
		`"link":{"netns":"/run/netns/x","index":2,"mac":"02:00:00:00:00:01","host":"br0","mtu":1500},"state":"BOUND",` +
		`"lease":{"address":"192.0.2.10/24","server":"192.0.2.1"}}`
	if lines[1] != want {
		t.Errorf("%s\nwant\n%s", lines[1], want)
	}
}

func TestLsOfNothing(t *testing.T) {
	show(t, nil)
	if out, err := leased("ls"); err != nil || strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "CONTAINER") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := leased("ls", "--json"); err != nil || out != "" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestLsWithoutLeased(t *testing.T) {
	t.Setenv("LEASED_SOCKET", filepath.Join(t.TempDir(), "s"))
	if out, err := leased("ls"); out != "" || err == nil || !strings.Contains(err.Error(), "systemctl enable --now leased.socket") {
		t.Errorf("%q, %v", out, err)
	}
}
