// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

const socket = leaseapi.DefaultSocket

func TestVarlink(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	e := s.run("", "--network", n).bound(n, "eth0")
	contains(s, "info", must(s, "varlinkctl", "info", socket), "leased", "podman-net-dhcp", "io.leased", "org.varlink.service")
	equal(s, "list-interfaces", must(s, "varlinkctl", "list-interfaces", socket), "io.leased\norg.varlink.service")
	contains(s, "introspect", must(s, "varlinkctl", "introspect", socket, "io.leased"),
		"interface io.leased", "method Acquire(", "method Release(", "method List(", "error NoLease(")
	contains(s, "introspect", must(s, "varlinkctl", "introspect", socket, "org.varlink.service"), "method GetInfo(")
	replies := parseLines[leaseapi.ListReply](s, must(s, "varlinkctl", "call", "--json=short", "--more", socket, "io.leased.List", "{}"))
	if len(replies) == 0 || replies[0].Status == nil {
		s.Fatalf("List says %+v", replies)
	}
	equal(s, "the listed address", replies[0].Status.Lease.Address.String(), e.IPAddress+"/24")
	release := `{"attachment":{"containerId":"none","containerName":"none","network":"none","interface":"eth0"}}`
	equal(s, "Release", must(s, "varlinkctl", "call", "--json=short", socket, "io.leased.Release", release), "{}")
}

// inWords is what varlinkctl since 258 says in place of a standard error's name.
var inWords = map[string]string{
	"ExpectedMore":      "called without 'more' flag",
	"MethodNotFound":    "No such device or address",
	"InterfaceNotFound": "Cannot assign requested address",
	"InvalidParameter":  "Invalid argument",
	"PermissionDenied":  "Permission denied",
}

// refused checks that leased has answered a call with an error.
func refused(t testing.TB, r result, name string) {
	t.Helper()
	answered := strings.HasPrefix(r.err, "Method call ") // and not: could not connect
	if r.code == 0 || !answered || !strings.Contains(r.err, name) && !strings.Contains(r.err, inWords[name]) {
		t.Errorf("want %s, got %v", name, r)
	}
}

func TestVarlinkErrors(t *testing.T) {
	s := begin(t)
	for call, want := range map[[2]string]string{
		{"io.leased.List", "{}"}:                                   "ExpectedMore",
		{"io.leased.Nothing", "{}"}:                                "MethodNotFound",
		{"io.none.List", "{}"}:                                     "InterfaceNotFound",
		{"io.leased.Acquire", "{}"}:                                "InvalidParameter",
		{"io.leased.Acquire", `{"bogus":1}`}:                       "InvalidParameter",
		{"io.leased.Release", `{"attachment":{"containerId":""}}`}: "InvalidParameter",
	} {
		refused(s, try("varlinkctl", "call", socket, call[0], call[1]), want)
	}
}

// nobody runs a program as an ordinary user.
func nobody(args ...string) result {
	return try("setpriv", append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", "--"}, args...)...)
}

func TestVarlinkPermissions(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c := s.run("", "--network", n)
	e := c.bound(n, "eth0")
	a, _ := json.Marshal(map[string]any{"attachment": leases(s)[e.MacAddress].Attachment})
	contains(s, "a stranger's call", nobody("varlinkctl", "call", socket, "io.leased.Release", string(a)).err, "Permission denied")
	// Were the socket open to all, who may look still must not touch.
	if err := os.Chmod(socket, 0o666); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.Chmod(socket, 0o600) })
	for _, call := range [][]string{{"io.leased.Release", string(a)}, {"io.leased.Acquire", "{}"}} {
		refused(s, nobody(append([]string{"varlinkctl", "call", socket}, call...)...), "PermissionDenied")
	}
	contains(s, "a stranger's leased ls", nobody("leased", "ls").out, e.IPAddress)
	c.bound(n, "eth0")
}

// stale makes a socket file that nobody listens on.
func stale(t testing.TB, path string) {
	t.Helper()
	os.Remove(path)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}
