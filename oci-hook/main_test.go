// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/lab/testlan"
)

// The test binary is net-dhcp-hook where it is called so.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "net-dhcp-hook" {
		main()
	}
	journal.Enabled() // keeps a socket for good
	testlan.Main(m)
}

var lease = leaseapi.Lease{
	Address: netip.MustParsePrefix("192.0.2.9/24"), Server: netip.MustParseAddr("192.0.2.1"),
	DNS: []netip.Addr{netip.MustParseAddr("192.0.2.53")}, Search: []string{"lan"},
}

// bundle is a container of a runtime: a process with its netns and a bundle. The
// host has a bridge br-hook.
type bundle struct {
	t      *testing.T
	dir    string
	pid    int
	ns     *testlan.NS
	leased string // the socket of its own leased, where it has one
}

func newBundle(t *testing.T) *bundle {
	t.Helper()
	testlan.RequireRoot(t)
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br-hook"}}
	if err := netlink.LinkAdd(br); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(br); err != nil {
		t.Fatal(err)
	}
	b := &bundle{t: t, dir: t.TempDir(), ns: testlan.New(t).Container()}
	b.pid = sleeper(t, b.ns)
	if err := os.MkdirAll(filepath.Join(b.dir, "rootfs/etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.config(specs.Spec{Version: "1.0.2", Hostname: "box", Root: &specs.Root{Path: "rootfs"}})
	return b
}

func (b *bundle) config(s specs.Spec) {
	b.t.Helper()
	text, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(filepath.Join(b.dir, "config.json"), text, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// state is runc's at createRuntime; crun's has a root besides.
func (b *bundle) state(annotations map[string]string) string {
	text, _ := json.Marshal(map[string]any{
		"ociVersion": "1.0.2-dev", "id": "c1", "status": "creating", "pid": b.pid, "bundle": b.dir, "annotations": annotations,
	})
	return string(text)
}

func hook(stage, state string) (code int, stderr string) {
	var b strings.Builder
	code = run([]string{stage}, strings.NewReader(state), io.Discard, &b)
	return code, b.String()
}

func (b *bundle) has(link string) bool {
	b.t.Helper()
	return strings.Contains(b.ns.Run("ip", "-br", "link"), link+"@")
}

func (b *bundle) resolvConf() string {
	text, _ := os.ReadFile(filepath.Join(b.dir, "rootfs/etc/resolv.conf"))
	return string(text)
}

const wantResolv = "# made by net-dhcp-hook from the DHCP lease\nsearch lan\nnameserver 192.0.2.53\n"

func TestCreateRuntime(t *testing.T) {
	b := newBundle(t)
	leased := leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook", "other": "x"}))
	if code != 0 || said != "" || !b.has("eth0") || b.resolvConf() != wantResolv {
		t.Fatalf("%d %s, link %v, resolv.conf %q", code, said, b.has("eth0"), b.resolvConf())
	}
	var req leaseapi.AcquireRequest
	if err := json.Unmarshal(leased.Next(leaseapi.MethodAcquire).Parameters, &req); err != nil {
		t.Fatal(err)
	}
	want := leaseapi.Attachment{ContainerID: "c1", ContainerName: "box", Network: "io.leased", Interface: "eth0"}
	if req.Attachment != want || req.Client.Hostname != "box" || req.Link.Netns != fmt.Sprintf("/proc/%d/ns/net", b.pid) {
		t.Errorf("asked leased for %+v", req)
	}
	if code, said := hook("poststop", `{"ociVersion":"1.0","id":"c1","pid":0,"status":"stopped","bundle":"/a/../gone/","annotations":{"io.leased.bridge":"br-hook"}}`); code != 0 || said != "" {
		t.Errorf("poststop: %d %s", code, said)
	}
	if call := leased.Next(leaseapi.MethodReleaseContainer); string(call.Parameters) != `{"containerId":"c1","owner":"hook:d42dea80dc6ecea0"}` {
		t.Errorf("poststop asked for %s %s", call.Method, call.Parameters)
	}
}

func TestSeveralNetworks(t *testing.T) {
	b := newBundle(t)
	leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	code, said := hook("createRuntime", b.state(map[string]string{
		"io.leased.name": "web", "io.leased.bridge": "br-hook", "io.leased.dns": "none",
		"io.leased.1.bridge": "br-hook", "io.leased.1.dns": "192.0.2.7",
		"io.leased.3.bridge": "br-hook", "io.leased.3.interface": "lan0", "io.leased.3.metric": "5",
	}))
	if code != 0 || !b.has("eth0") || !b.has("eth1") || !b.has("lan0") {
		t.Fatalf("%d %s", code, said)
	}
	if got := b.resolvConf(); !strings.Contains(got, "nameserver 192.0.2.7\nnameserver 192.0.2.53\n") {
		t.Errorf("resolv.conf is %q", got)
	}
}

// The second network fails: the first is undone.
func TestFailureUndoesEverything(t *testing.T) {
	b := newBundle(t)
	var n atomic.Int32
	leaseapitest.New(t, leaseapitest.Old(func(c leaseapi.Call) *leaseapi.Reply {
		if c.Method == leaseapi.MethodAcquire && n.Add(1) > 1 {
			return &leaseapi.Reply{Error: leaseapi.ErrorNoLease, Parameters: json.RawMessage(`{"message":"nobody answered"}`)}
		}
		return leaseapitest.Grants(lease)(c)
	}))
	code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook", "io.leased.1.bridge": "br-hook"}))
	if code != 1 || said != "net-dhcp-hook: c1: eth1: nobody answered\n" {
		t.Errorf("%d %s", code, said)
	}
	if b.has("eth0") || b.has("eth1") || b.resolvConf() != "" {
		t.Error("something is left")
	}
}

// The owner is the bundle's, and a runtime that tells no bundle has none.
func TestOwner(t *testing.T) {
	t.Parallel()
	of := func(bundle string) string { return container{specs.State{ID: "web", Bundle: bundle}}.owner() }
	if of("/a") == of("/b") || of("/a") != of("/a/") || of("") != "" {
		t.Errorf("owners %q, %q, %q, %q", of("/a"), of("/b"), of("/a/"), of(""))
	}
}

// A bundle without config.json has no host name to give, and no resolv.conf.
func TestBundleWithoutConfig(t *testing.T) {
	b := newBundle(t)
	leased := leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	if err := os.Remove(filepath.Join(b.dir, "config.json")); err != nil {
		t.Fatal(err)
	}
	code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook"}))
	if code != 1 || !strings.Contains(said, "find the container's resolv.conf: open ") || b.has("eth0") {
		t.Errorf("%d %s", code, said)
	}
	leased.Next(leaseapi.MethodRelease)
	code, said = hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook", "io.leased.dns": "none"}))
	if code != 0 {
		t.Errorf("%d %s", code, said)
	}
	if call := leased.Next(leaseapi.MethodAcquire); !strings.Contains(string(call.Parameters), `"containerName":"c1"`) {
		t.Errorf("asked leased for %s", call.Parameters)
	}
}
