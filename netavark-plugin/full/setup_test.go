// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/lab/testlan"
)

var lease = leaseapi.Lease{
	Address: netip.MustParsePrefix("192.0.2.9/24"), Gateway: netip.MustParseAddr("192.0.2.1"),
	Server: netip.MustParseAddr("192.0.2.1"), DNS: []netip.Addr{netip.MustParseAddr("192.0.2.53")}, Search: []string{"lan"},
}

// exec544 is what Podman 5.4.2 sends, with network options and options of the
// container filled in.
func exec544(network, container string) string {
	return fmt.Sprintf(`{"container_id":"8f8a5cc12382aa","container_name":"t1","port_mappings":[{"container_port":80,"host_ip":"","host_port":80,"protocol":"tcp","range":1}],
"network":{"dns_enabled":false,"driver":"net-dhcp","id":"766c22","internal":false,"ipv6_enabled":false,"name":"lan","network_interface":null,
"options":%s,"ipam_options":null,"subnets":null,"routes":null,"network_dns_servers":null},
"network_options":{"aliases":["zz","8f8a5cc12382","myhost"],"interface_name":"lan0","static_ips":["2001:db8::9","192.0.2.9","192.0.2.9"],"static_mac":"02:11:22:33:44:55","options":%s}}`,
		network, container)
}

func runSetup(t *testing.T, netns, stdin string) (code int, stdout string) {
	t.Helper()
	var out, errs strings.Builder
	code = run([]string{"setup", netns}, strings.NewReader(stdin), &out, &errs)
	if errs.Len() > 0 {
		t.Errorf("setup said on stderr: %s", &errs)
	}
	return code, out.String()
}

func TestSetupMakesTheLinkAndReportsTheLease(t *testing.T) {
	testlan.RequireRoot(t)
	host(t)
	leased := leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	c := testlan.New(t).Container()
	code, out := runSetup(t, c.Path, exec544(`{"parent":"nic0"}`, `null`))
	want := `{"interfaces":{"lan0":{"subnets":[{"ipnet":"192.0.2.9/24","gateway":"192.0.2.1"}],"mac_address":"02:11:22:33:44:55"}},"dns_server_ips":["192.0.2.53"],"dns_search_domains":["lan"]}`
	if strings.TrimSpace(out) != want || code != 0 {
		t.Errorf("setup: %d %s\nwant %s", code, out, want)
	}
	link := find(t, c, "lan0")
	if link == nil || link.Type() != "macvlan" || link.Attrs().HardwareAddr.String() != "02:11:22:33:44:55" || link.Attrs().Flags&net.FlagUp == 0 {
		t.Fatalf("link is %+v", link)
	}
	var req leaseapi.AcquireRequest
	if err := json.Unmarshal(leased.Next(leaseapi.MethodAcquire).Parameters, &req); err != nil {
		t.Fatal(err)
	}
	wantReq := leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{ContainerID: "8f8a5cc12382aa", ContainerName: "t1", Network: "lan", Interface: "lan0"},
		Link:       leaseapi.Link{Netns: c.Path, MAC: "02:11:22:33:44:55", Host: "nic0", MTU: 1500},
		Client:     leaseapi.Client{ClientID: "01021122334455", Hostname: "myhost", RequestIP: netip.MustParseAddr("192.0.2.9")},
		Policy: leaseapi.Policy{
			Metric: 90, TimeoutMS: 10000, OnTimeout: "fail", Release: "20s", ConflictCheck: "quick", ResolvConf: true,
		},
	}
	if !reflect.DeepEqual(req, wantReq) {
		t.Errorf("asked leased for %+v\nwant %+v", req, wantReq)
	}
}

func TestSetupPassesOptionsOn(t *testing.T) {
	testlan.RequireRoot(t)
	host(t)
	leased := leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	c := testlan.New(t).Container()
	doc := strings.Replace(exec544(`{"bridge":"br0","metric":"7","dns":"none","release":"never","on_timeout":"continue","conflict_check":"rfc5227"}`,
		`{"hostname":"web","fqdn":"true","client_id":"a:b","vendor_class":"v","user_class":"u","lease_timeout":"3s","ip_policy":"require","mtu":"1400","rapid_commit":"true","ipv6_mostly":"true"}`),
		`"internal":false`, `"internal":true`, 1)
	code, out := runSetup(t, c.Path, doc)
	if code != 0 || strings.Contains(out, "dns") {
		t.Errorf("setup: %d %s; dns=none reports no servers", code, out)
	}
	var req leaseapi.AcquireRequest
	if err := json.Unmarshal(leased.Next(leaseapi.MethodAcquire).Parameters, &req); err != nil {
		t.Fatal(err)
	}
	client := leaseapi.Client{
		ClientID: "00613a62", Hostname: "web", FQDN: true, VendorClass: "v", UserClass: "u",
		RequestIP: netip.MustParseAddr("192.0.2.9"), RequireIP: true, RapidCommit: true, IPv6Mostly: true,
	}
	policy := leaseapi.Policy{Metric: 7, NoDefaultRoute: true, TimeoutMS: 3000, OnTimeout: "continue", Release: "never", ConflictCheck: "rfc5227"}
	if !reflect.DeepEqual(req.Client, client) || !reflect.DeepEqual(req.Policy, policy) || req.Link.MTU != 0 {
		t.Errorf("asked leased for %+v", req)
	}
	if link := find(t, c, "lan0"); link == nil || link.Type() != "veth" || link.Attrs().MTU != 1400 {
		t.Errorf("link is %+v", link)
	}
}

func TestSetupThatFailsLeavesNothing(t *testing.T) {
	testlan.RequireRoot(t)
	host(t)
	refuses := func(leaseapi.Call) *leaseapi.Reply {
		return &leaseapi.Reply{Error: leaseapi.ErrorNoLease, Parameters: json.RawMessage(`{"message":"nobody\nanswered"}`)}
	}
	hangsUp := func(leaseapi.Call) *leaseapi.Reply { return nil }
	grants := leaseapitest.Grants(lease)
	c := testlan.New(t).Container()
	for name, tc := range map[string]struct {
		reply        func(leaseapi.Call) *leaseapi.Reply
		options, say string
	}{
		"no lease on a NIC":    {refuses, `{"parent":"nic0"}`, "net-dhcp: nobody; answered"},
		"no lease on a bridge": {refuses, `{"bridge":"br0"}`, "net-dhcp: nobody; answered"},
		"leased dies":          {hangsUp, `{"bridge":"br0"}`, "net-dhcp: leased closed the connection; see: journalctl -u leased"},
		"VLAN of a parent":     {grants, `{"parent":"nic0","vlan":"5"}`, "net-dhcp: the running leased is an earlier one, which has no vlan=5 on a parent"},
		"parent gone":          {grants, `{"parent":"eth9"}`, "net-dhcp: there is no interface eth9 on this host"},
		"port as parent":       {grants, `{"parent":"port0"}`, "net-dhcp: port0 is a port of the bridge br0"},
		"parent's MAC in use":  {grants, `{"parent":"nic0","mac":"PARENT"}`, "in use on nic0 already"},
	} {
		leaseapitest.New(t, leaseapitest.Old(tc.reply))
		before := hostLinks(t)
		doc := exec544(tc.options, `null`)
		if mac := find(t, nil, "nic0").Attrs().HardwareAddr.String(); strings.Contains(doc, "PARENT") {
			doc = strings.Replace(strings.Replace(doc, "PARENT", mac, 1), `"02:11:22:33:44:55"`, `"`+mac+`"`, 1)
		}
		code, out := runSetup(t, c.Path, doc)
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(out), &answer); err != nil || code != 1 || !strings.Contains(answer.Error, tc.say) {
			t.Errorf("%s: %d %s\nwant %s", name, code, out, tc.say)
		}
		if link := find(t, c, "lan0"); link != nil {
			t.Errorf("%s left %s", name, link.Attrs().Name)
		}
		if more := added(t, before); more != nil {
			t.Errorf("%s left %v on the host", name, more)
		}
	}
}

// leased is restarted in the middle of it: the next one gets the lease.
func TestSetupOutlivesARestartOfLeased(t *testing.T) {
	testlan.RequireRoot(t)
	host(t)
	c := testlan.New(t).Container()
	ns := c.Open()
	undone := make(chan error, 1)
	var calls atomic.Int32
	leaseapitest.New(t, leaseapitest.Old(func(call leaseapi.Call) *leaseapi.Reply {
		if calls.Add(1) == 1 {
			undone <- attach.Delete(ns, "lan0", nil) // as a leased that ends in order does
			return nil
		}
		return leaseapitest.Grants(lease)(call)
	}))
	code, out := runSetup(t, c.Path, exec544(`{"bridge":"br0"}`, `null`))
	if err := <-undone; err != nil {
		t.Error(err)
	}
	if code != 0 || !strings.Contains(out, "192.0.2.9/24") || find(t, c, "lan0") == nil {
		t.Errorf("setup: %d %s", code, out)
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("leased was asked %d times", n)
	}
}

func TestSetupRefusesWhatIsNoContainersNetns(t *testing.T) {
	testlan.RequireRoot(t)
	host(t)
	leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, say := range map[string]string{
		fifo:                    "not a network namespace",
		file:                    "not a network namespace",
		"/proc/self/ns/net":     "the host's own network namespace",
		"/proc/self/ns/mnt":     "not a network namespace",
		"/run/netns/no-such-ns": "no such file or directory",
		"/dev/null":             "not a network namespace",
	} {
		before := hostLinks(t)
		code, out := runSetup(t, path, exec544(`{"bridge":"br0"}`, `null`))
		if code != 1 || !strings.Contains(out, say) || !strings.HasPrefix(out, `{"error":"net-dhcp: open network namespace `+path) {
			t.Errorf("%s: %d %s", path, code, out)
		}
		if more := added(t, before); more != nil {
			t.Errorf("%s: made %v", path, more)
		}
	}
}

func TestStdinIsBounded(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if code := run([]string{"create"}, strings.NewReader(strings.Repeat("[", 1<<20+1)), &out, &out); code != 1 || !strings.Contains(out.String(), "more than 1048576 bytes on stdin") {
		t.Errorf("%d %s", code, &out)
	}
}

func TestTeardownIsIdempotent(t *testing.T) {
	testlan.RequireRoot(t)
	host(t)
	leased := leaseapitest.New(t, leaseapitest.Old(func(leaseapi.Call) *leaseapi.Reply { return &leaseapi.Reply{Parameters: json.RawMessage(`{}`)} }))
	c := testlan.New(t).Container()
	before := hostLinks(t)
	if code, out := runSetup(t, c.Path, exec544(`{"bridge":"br0","on_timeout":"continue"}`, `null`)); code != 0 || !strings.Contains(out, `{"interfaces":{"lan0":{"mac_address":"02:11:22:33:44:55"}}}`) {
		t.Fatalf("setup without a lease: %d %s", code, out)
	}
	for range 2 {
		var out, errs strings.Builder
		if code := run([]string{"teardown", c.Path}, strings.NewReader(exec544(`{"bridge":"br0"}`, `null`)), &out, &errs); code != 0 || out.Len()+errs.Len() > 0 {
			t.Errorf("teardown: %d %s %s", code, &out, &errs)
		}
		if call := leased.Next(leaseapi.MethodRelease); !strings.Contains(string(call.Parameters), `"containerId":"8f8a5cc12382aa"`) {
			t.Errorf("asked leased for %s %s", call.Method, call.Parameters)
		}
		if more := added(t, before); more != nil || find(t, c, "lan0") != nil {
			t.Errorf("teardown left %v", more)
		}
	}
}

// find looks for a link in c, or on the host; nil: none.
func find(t *testing.T, c *testlan.NS, name string) netlink.Link {
	t.Helper()
	h, err := netlink.NewHandle()
	if c != nil {
		ns := c.Open()
		defer ns.Close()
		h, err = testlan.Handle(ns)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	link, err := h.LinkByName(name)
	if err != nil {
		return nil
	}
	return link
}

func hostLinks(t *testing.T) (names []string) {
	t.Helper()
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		names = append(names, l.Attrs().Name)
	}
	return names
}

// added is what the host has now and had not before. What it had may be gone: the
// kernel takes a container's netns apart some time after it was deleted.
func added(t *testing.T, before []string) []string {
	t.Helper()
	more := slices.DeleteFunc(hostLinks(t), func(name string) bool { return slices.Contains(before, name) })
	if len(more) == 0 {
		return nil
	}
	return more
}
