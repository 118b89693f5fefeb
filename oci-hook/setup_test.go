// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
)

// leased makes the links, of what the annotations say.
func TestCreateRuntimeBySetup(t *testing.T) {
	b := newBundle(t)
	leased := leaseapitest.New(t, leaseapitest.Grants(lease))
	code, said := hook("createRuntime", b.state(map[string]string{
		"io.leased.bridge": "br-hook", "io.leased.name": "web", "io.leased.metric": "007",
		"io.leased.2.parent": "eth9", "io.leased.2.interface": "lan0", "io.leased.2.dns": "192.0.2.7",
	}))
	if code != 0 || said != "" || b.resolvConf() != "# made by net-dhcp-hook from the DHCP lease\nsearch lan\nnameserver 192.0.2.53\nnameserver 192.0.2.7\n" {
		t.Fatalf("%d %s, resolv.conf %q", code, said, b.resolvConf())
	}
	netns, owner := fmt.Sprintf("/proc/%d/ns/net", b.pid), b.owner()
	for _, want := range []string{
		`{"netns":"` + netns + `","attachment":{"containerId":"c1","containerName":"web","network":"io.leased","interface":"eth0",` + owner + `},` +
			`"options":{"bridge":"br-hook","metric":"007"},"hostnames":["web"],"front":"hook","networks":2}`,
		`{"netns":"` + netns + `","attachment":{"containerId":"c1","containerName":"web","network":"io.leased.2","interface":"lan0",` + owner + `},` +
			`"options":{"dns":"192.0.2.7","parent":"eth9"},"hostnames":["web"],"front":"hook","networks":2}`,
	} {
		b.wants(leased, leaseapi.MethodSetup, want)
	}
	if b.has("eth0") || b.has("lan0") {
		t.Error("the hook made a link itself")
	}
}

// wants takes the next call, which has the container's netns with it.
func (b *bundle) wants(leased *leaseapitest.Leased, method, parameters string) {
	b.t.Helper()
	if len(leased.Calls) == 0 {
		b.t.Fatalf("no call of %s", method)
	}
	call, file := <-leased.Calls, <-leased.Descriptors
	if call.Method != method || string(call.Parameters) != parameters {
		b.t.Errorf("called %s %s\nwant %s %s", call.Method, call.Parameters, method, parameters)
	}
	want, err := os.Stat(b.ns.Path)
	if err != nil || file == nil {
		b.t.Fatal(err, file)
	}
	if got, err := file.Stat(); err != nil || !os.SameFile(got, want) {
		b.t.Errorf("another file than the netns came: %v", err)
	}
}

// The second network fails: leased has undone it, and the hook has the first one undone.
func TestFailureUndoesEverythingBySetup(t *testing.T) {
	b := newBundle(t)
	var calls atomic.Int32
	leased := leaseapitest.New(t, func(c leaseapi.Call) *leaseapi.Reply {
		if calls.Add(1) == 2 {
			return &leaseapi.Reply{Error: leaseapi.ErrorNoLease, Parameters: json.RawMessage(`{"message":"nobody answered"}`)}
		}
		return leaseapitest.Grants(lease)(c)
	})
	code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook", "io.leased.1.bridge": "br-hook"}))
	if code != 1 || said != "net-dhcp-hook: c1: eth1: nobody answered\n" || calls.Load() != 3 || b.resolvConf() != "" {
		t.Errorf("%d %s, %d calls", code, said, calls.Load())
	}
	for range 2 {
		<-leased.Calls
		<-leased.Descriptors
	}
	b.wants(leased, leaseapi.MethodTeardown, `{"attachment":{"containerId":"c1","containerName":"box","network":"io.leased","interface":"eth0",`+b.owner()+`}}`)
}

// owner is the part of an attachment that names the bundle.
func (b *bundle) owner() string {
	return `"owner":"` + container{specs.State{Bundle: b.dir}}.owner() + `"`
}

// A pod's member joins the netns of another container. leased is told the path that outlives the
// member, nothing is undone for it, and its end is nobody else's.
func TestSharedNetns(t *testing.T) {
	b := newBundle(t)
	config := specs.Spec{Version: "1.0.2", Hostname: "box", Root: &specs.Root{Path: "rootfs"}, Linux: &specs.Linux{
		Namespaces: []specs.LinuxNamespace{{Type: specs.PIDNamespace}, {Type: specs.NetworkNamespace, Path: b.ns.Path}},
	}}
	b.config(config)
	var n atomic.Int32
	leased := leaseapitest.New(t, func(c leaseapi.Call) *leaseapi.Reply {
		if n.Add(1) == 2 {
			return &leaseapi.Reply{Error: leaseapi.ErrorNoLease, Parameters: json.RawMessage(`{"message":"nobody answered"}`)}
		}
		return leaseapitest.Grants(lease)(c)
	})
	state := b.state(map[string]string{"io.leased.bridge": "br-hook", "io.leased.1.bridge": "br-hook"})
	if code, said := hook("createRuntime", state); code != 1 || said != "net-dhcp-hook: c1: eth1: nobody answered\n" {
		t.Errorf("%d %s", code, said)
	}
	if code, said := hook("poststop", state); code != 0 || said != "" {
		t.Errorf("poststop: %d %s", code, said)
	}
	for range 2 {
		if call := leased.Next(leaseapi.MethodSetup); !strings.Contains(string(call.Parameters), `"netns":"`+b.ns.Path+`"`) {
			t.Errorf("asked leased for %s", call.Parameters)
		}
	}
	if len(leased.Calls) > 0 {
		t.Errorf("asked leased for %s", (<-leased.Calls).Method)
	}
	config.Linux.Namespaces[1].Path = ""
	b.config(config)
	if code, _ := hook("poststop", state); code != 0 || len(leased.Calls) != 1 {
		t.Errorf("poststop of a container with a netns of its own: %d, %d calls", code, len(leased.Calls))
	}
}
