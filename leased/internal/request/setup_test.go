// SPDX-License-Identifier: Apache-2.0

package request

import (
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
)

func aSetup() leaseapi.SetupRequest {
	return leaseapi.SetupRequest{
		Netns:      "/run/netns/x",
		Attachment: leaseapi.Attachment{ContainerID: "0123456789abcdef", ContainerName: "web", Network: "lan", Interface: "eth0"},
		Options:    map[string]string{"bridge": "br0", "mac": "02:00:00:00:00:09", "lease_timeout": "3s", "release": "never"},
		Hostnames:  []string{"not a name", "web-1"},
	}
}

const document = `{"container_id":"0123456789abcdef","container_name":"web","port_mappings":[{"x":1}],
	"network":{"name":"lan","driver":"net-dhcp","internal":true,"options":{"parent":"eth0","mode":"private"}},
	"network_options":{"interface_name":"eth1","static_mac":"02:00:00:00:00:0a","static_ips":["192.0.2.7"],"aliases":["0123456789ab","host"]}}`

func TestParseSetup(t *testing.T) {
	t.Parallel()
	s, err := ParseSetup(aSetup())
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.Link()
	if err != nil || link.Host != "br0" || link.Interface != "eth0" || link.MAC.String() != "02:00:00:00:00:09" {
		t.Errorf("link %+v, %v", link, err)
	}
	r, err := s.Request(attach.Link{MAC: link.MAC, HostMTU: 1400})
	if err != nil || r.Link.MTU != 1400 || r.Client.Hostname != "web-1" || r.Policy.Timeout != 3*time.Second || !r.Policy.Release.Never {
		t.Errorf("request %+v, %v", r, err)
	}
	if undo := r.Spec(); undo.HostEnd != link.HostEnd || undo.Alias != link.Alias || undo.MAC.String() != link.MAC.String() || undo.Host != "br0" {
		t.Errorf("the link is known as %+v, and was %+v", undo, link)
	}
}

func TestParseSetupOfNetavark(t *testing.T) {
	t.Parallel()
	s, err := ParseSetup(leaseapi.SetupRequest{Netns: "/run/netns/x", Netavark: json.RawMessage(document)})
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.Link()
	if err != nil || link.Host != "eth0" || link.Mode != "private" || link.Interface != "eth1" || link.MAC.String() != "02:00:00:00:00:0a" {
		t.Errorf("link %+v, %v", link, err)
	}
	r, err := s.Request(attach.Link{MAC: link.MAC, HostMTU: 1500})
	if err != nil || !r.Policy.NoDefaultRoute || r.Client.RequestIP.String() != "192.0.2.7" || r.Client.Hostname != "host" {
		t.Errorf("request %+v, %v", r, err)
	}
	reply, err := s.Reply(link.MAC, &leaseapi.Lease{Address: netip.MustParsePrefix("192.0.2.7/24")})
	const want = `{"interfaces":{"eth1":{"subnets":[{"ipnet":"192.0.2.7/24"}],"mac_address":"02:00:00:00:00:0a"}}}`
	if err != nil || string(reply.Status) != want || reply.MAC != "" || reply.Lease != nil {
		t.Errorf("reply %s %+v, %v", reply.Status, reply, err)
	}
}

func TestReplyOfSetup(t *testing.T) {
	t.Parallel()
	s, err := ParseSetup(aSetup())
	if err != nil {
		t.Fatal(err)
	}
	reply, err := s.Reply(net.HardwareAddr{2, 0, 0, 0, 0, 9}, nil)
	if err != nil || reply.MAC != "02:00:00:00:00:09" || reply.Lease != nil || reply.Status != nil {
		t.Errorf("reply %+v, %v", reply, err)
	}
}

// What a program gets wrong is named; what a user has typed is explained.
func TestParseSetupRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(a *leaseapi.SetupRequest)
		want   string
	}{
		"no path":            {func(a *leaseapi.SetupRequest) { a.Netns = "" }, "invalid parameter netns"},
		"relative path":      {func(a *leaseapi.SetupRequest) { a.Netns = "x" }, "invalid parameter netns"},
		"long path":          {func(a *leaseapi.SetupRequest) { a.Netns = "/" + strings.Repeat("x", maxPath) }, "invalid parameter netns"},
		"no attachment":      {func(a *leaseapi.SetupRequest) { a.Attachment = leaseapi.Attachment{} }, "invalid parameter attachment.containerId"},
		"control character":  {func(a *leaseapi.SetupRequest) { a.Attachment.ContainerName = "\n" }, "invalid parameter attachment.containerName"},
		"too many names":     {func(a *leaseapi.SetupRequest) { a.Hostnames = make([]string, maxHostnames+1) }, "invalid parameter hostnames"},
		"both":               {func(a *leaseapi.SetupRequest) { a.Netavark = json.RawMessage(document) }, "invalid parameter attachment"},
		"unknown option":     {func(a *leaseapi.SetupRequest) { a.Options["colour"] = "red" }, "unknown option colour=red"},
		"bad value":          {func(a *leaseapi.SetupRequest) { a.Options["mtu"] = "9" }, "option mtu=9"},
		"no host interface":  {func(a *leaseapi.SetupRequest) { delete(a.Options, "bridge") }, "neither bridge nor parent"},
		"no document":        {onlyDocument(`7`), "invalid parameter netavark"},
		"empty document":     {onlyDocument(`{}`), "invalid parameter attachment.containerId"},
		"null":               {onlyDocument(`null`), "invalid parameter attachment.containerId"},
		"document's option":  {onlyDocument(strings.Replace(document, "private", "public", 1)), "option mode=public"},
		"document's MAC":     {onlyDocument(strings.Replace(document, "02:00:00:00:00:0a", "01:00:00:00:00:0a", 1)), "not a unicast"},
		"document's newline": {onlyDocument(strings.Replace(document, `"web"`, `"web\n"`, 1)), "invalid parameter attachment.containerName"},
	} {
		a := aSetup()
		c.change(&a)
		_, err := ParseSetup(a)
		invalid, refused := new(InvalidError), new(RefusedError)
		if err == nil || !errors.As(err, &invalid) && !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func onlyDocument(d string) func(a *leaseapi.SetupRequest) {
	return func(a *leaseapi.SetupRequest) {
		*a = leaseapi.SetupRequest{Netns: a.Netns, Netavark: json.RawMessage(d)}
	}
}

func TestParseTeardown(t *testing.T) {
	t.Parallel()
	want := Attachment(aSetup().Attachment)
	if got, err := ParseTeardown(leaseapi.TeardownRequest{Attachment: aSetup().Attachment}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	want.Interface = "eth1"
	if got, err := ParseTeardown(leaseapi.TeardownRequest{Netavark: json.RawMessage(document)}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ParseTeardown(leaseapi.TeardownRequest{}); err == nil {
		t.Error("an empty Teardown passes")
	}
}

// FuzzParseSetup: no document makes leased panic, and what passes has all that a link needs.
func FuzzParseSetup(f *testing.F) {
	f.Add([]byte(document))
	f.Fuzz(func(t *testing.T, document []byte) {
		s, err := ParseSetup(leaseapi.SetupRequest{Netns: "/run/netns/x", Netavark: document})
		if err != nil {
			return
		}
		if link, err := s.Link(); err == nil && (link.Interface == "" || link.Host == "" || len(link.HostEnd) > 15) {
			t.Errorf("link %+v", link)
		}
	})
}
