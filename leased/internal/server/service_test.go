// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"podman-net-dhcp/internal/build"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

func TestEveryCallHasItsReply(t *testing.T) {
	t.Parallel()
	good, _ := json.Marshal(asked())
	for name, c := range map[string]struct{ say, want string }{
		"GetInfo": {
			`{"method":"org.varlink.service.GetInfo"}`,
			`{"parameters":{"interfaces":["org.varlink.service","io.leased"],"product":"leased","url":"","vendor":"podman-net-dhcp","version":"` + build.Version + `"}}`,
		},
		"GetInfo with empty parameters": {
			`{"method":"org.varlink.service.GetInfo","parameters":{}}`,
			`{"parameters":{"interfaces":["org.varlink.service","io.leased"],"product":"leased","url":"","vendor":"podman-net-dhcp","version":"` + build.Version + `"}}`,
		},
		"own description": {
			`{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.leased"}}`,
			`{"parameters":{"description":` + quoted(leaseapi.Interface) + `}}`,
		},
		"service's description": {
			`{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"org.varlink.service"}}`,
			`{"parameters":{"description":` + quoted(serviceInterface) + `}}`,
		},
		"description of another": {
			`{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a.b"}}`,
			`{"parameters":{"interface":"a.b"},"error":"org.varlink.service.InterfaceNotFound"}`,
		},
		"description of nothing": {
			`{"method":"org.varlink.service.GetInterfaceDescription"}`,
			`{"parameters":{"parameter":"interface"},"error":"org.varlink.service.InvalidParameter"}`,
		},
		"unknown method": {
			`{"method":"io.leased.Probe"}`,
			`{"parameters":{"method":"io.leased.Probe"},"error":"org.varlink.service.MethodNotFound"}`,
		},
		"unknown interface": {
			`{"method":"io.systemd.Resolve.Any"}`,
			`{"parameters":{"interface":"io.systemd.Resolve"},"error":"org.varlink.service.InterfaceNotFound"}`,
		},
		"no interface": {
			`{"method":"List"}`,
			`{"parameters":{"interface":""},"error":"org.varlink.service.InterfaceNotFound"}`,
		},
		"no method": {
			`{}`,
			`{"parameters":{"interface":""},"error":"org.varlink.service.InterfaceNotFound"}`,
		},
		"Acquire":              {`{"method":"io.leased.Acquire","parameters":` + string(good) + `}`, `{"parameters":{}}`},
		"Acquire of nothing":   {`{"method":"io.leased.Acquire"}`, `{"parameters":{"parameter":"parameters"},"error":"org.varlink.service.InvalidParameter"}`},
		"Acquire, other field": {`{"method":"io.leased.Acquire","parameters":{"colour":1}}`, `{"parameters":{"parameter":"colour"},"error":"org.varlink.service.InvalidParameter"}`},
		"Acquire, wrong type":  {`{"method":"io.leased.Acquire","parameters":{"link":{"index":"2"}}}`, `{"parameters":{"parameter":"link.index"},"error":"org.varlink.service.InvalidParameter"}`},
		"Acquire, 1e400":       {`{"method":"io.leased.Acquire","parameters":{"link":{"mtu":1e400}}}`, `{"parameters":{"parameter":"link.mtu"},"error":"org.varlink.service.InvalidParameter"}`},
		"Acquire, no address":  {`{"method":"io.leased.Acquire","parameters":{"client":{"requestIp":"here"}}}`, `{"parameters":{"parameter":"parameters"},"error":"org.varlink.service.InvalidParameter"}`},
		"Release":              {`{"method":"io.leased.Release","parameters":{"attachment":{"containerId":"id","network":"lan"}}}`, `{"parameters":{}}`},
		"Release of nothing":   {`{"method":"io.leased.Release","parameters":{}}`, `{"parameters":{"parameter":"attachment"},"error":"org.varlink.service.InvalidParameter"}`},
		"Release, other field": {`{"method":"io.leased.Release","parameters":{"why":""}}`, `{"parameters":{"parameter":"why"},"error":"org.varlink.service.InvalidParameter"}`},
		"ReleaseContainer":     {`{"method":"io.leased.ReleaseContainer","parameters":{"containerId":"id"}}`, `{"parameters":{}}`},
		"ReleaseContainer of nothing": {
			`{"method":"io.leased.ReleaseContainer","parameters":{}}`,
			`{"parameters":{"parameter":"containerId"},"error":"org.varlink.service.InvalidParameter"}`,
		},
		"NoteResolvConf": {`{"method":"io.leased.NoteResolvConf","parameters":{"containerId":"id","path":"/x/resolv.conf","device":1,"inode":18446744073709551615}}`, `{"parameters":{}}`},
		"NoteResolvConf of nothing": {
			`{"method":"io.leased.NoteResolvConf","parameters":{"path":"/x/resolv.conf","inode":1}}`,
			`{"parameters":{"parameter":"containerId"},"error":"org.varlink.service.InvalidParameter"}`,
		},
		"NoteResolvConf, a way around": {
			`{"method":"io.leased.NoteResolvConf","parameters":{"containerId":"id","path":"/x/../resolv.conf","inode":1}}`,
			`{"parameters":{"parameter":"path"},"error":"org.varlink.service.InvalidParameter"}`,
		},
		"List without more": {`{"method":"io.leased.List"}`, `{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := start(t, &leases{acquire: goOn}, limits{}).dial()
			peer.say(c.say)
			peer.want(c.want)
		})
	}
}

// A caller that hangs up at once has said it all the same: the call has no reply.
func TestOneWayCallOfACallerThatHangsUp(t *testing.T) {
	t.Parallel()
	l := &leases{}
	r := start(t, l, limits{})
	for i := range 50 {
		peer := r.dial()
		peer.say(fmt.Sprintf(`{"method":"io.leased.NoteResolvConf","oneway":true,"parameters":{"containerId":"id","path":"/x/resolv.conf","inode":%d}}`, i+1))
		peer.Close()
	}
	testlan.Eventually(t, "all of them are noted", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.noted) == 50
	})
}

// goOn is Acquire's way to say that there is no lease, and never mind.
func goOn(context.Context, leaseapi.AcquireRequest) (*leaseapi.Lease, error) { return nil, nil }

func TestListIsOneReplyEach(t *testing.T) {
	t.Parallel()
	var list []leaseapi.Status
	for i := range 3 {
		list = append(list, leaseapi.Status{State: fmt.Sprint(i)})
	}
	peer := start(t, &leases{list: list}, limits{}).dial()
	peer.say(`{"method":"io.leased.List","more":true}`)
	for i := range 3 {
		var reply leaseapi.Reply
		if err := peer.f.Read(&reply); err != nil || !reply.Continues || reply.Error != "" {
			t.Fatalf("reply %d: %+v, %v", i, reply, err)
		}
		var p leaseapi.ListReply
		if err := json.Unmarshal(reply.Parameters, &p); err != nil || p.Status.State != fmt.Sprint(i) {
			t.Errorf("reply %d: %s", i, reply.Parameters)
		}
	}
	peer.want(`{"parameters":{}}`)
}

func TestManyCallsOnOneConnection(t *testing.T) {
	t.Parallel()
	peer := start(t, &leases{}, limits{}).dial()
	for range 100 { // all at once, and none lost
		peer.say(`{"method":"io.leased.List"}`)
		peer.say(`{"method":"io.leased.Release","parameters":{"attachment":{"containerId":"id"}}}`)
	}
	for range 100 {
		peer.want(`{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`)
		peer.want(`{"parameters":{}}`)
	}
}

func TestOneWayHasNoReply(t *testing.T) {
	t.Parallel()
	l := &leases{}
	peer := start(t, l, limits{}).dial()
	peer.say(`{"method":"io.leased.Release","oneway":true,"parameters":{"attachment":{"containerId":"id"}}}`)
	peer.say(`{"method":"io.leased.Nonsense","oneway":true}`)
	peer.say(`{"method":"io.leased.List"}`)
	peer.want(`{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`)
	if len(l.released) != 1 {
		t.Errorf("released %v", l.released)
	}
}

func TestErrorsKeepTheirNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"the manager's": {
			fmt.Errorf("wrapped: %w", &leaseapi.Error{Name: leaseapi.ErrorNoLease, Message: "nobody there"}),
			`{"parameters":{"message":"wrapped: nobody there"},"error":"io.leased.NoLease"}`,
		},
		"any other": {errors.New("disk full"), `{"parameters":{"message":"disk full"},"error":"io.leased.Failed"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &leases{release: func(leaseapi.Attachment) error { return c.err }}
			l.acquire = func(context.Context, leaseapi.AcquireRequest) (*leaseapi.Lease, error) { return nil, c.err }
			peer := start(t, l, limits{}).dial()
			peer.acquire(asked())
			peer.want(c.want)
			peer.say(`{"method":"io.leased.Release","parameters":{"attachment":{"containerId":"id"}}}`)
			peer.want(c.want)
		})
	}
}

// What our own client asks arrives whole, and what it is told too.
func TestClientAndServerAgree(t *testing.T) {
	t.Parallel()
	want := asked(func(r *leaseapi.AcquireRequest) {
		r.Client = leaseapi.Client{
			ClientID: "0102", Hostname: "h", FQDN: true, VendorClass: "v", UserClass: "u",
			RequestIP: netip.MustParseAddr("192.0.2.9"), RequireIP: true,
			DUID: "000401", IAID: 1 << 31, Secret: strings.Repeat("0a", 16), RequestIPv6: netip.MustParseAddr("2001:db8::9"),
		}
		r.Policy.NoDefaultRoute, r.Policy.IPv6, r.Policy.IPv6TimeoutMS = true, "auto", 2000
	})
	l := &leases{}
	l.acquire = func(_ context.Context, got leaseapi.AcquireRequest) (*leaseapi.Lease, error) {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}
		return &leaseapi.Lease{Address: netip.MustParsePrefix("192.0.2.9/24")}, nil
	}
	peer := start(t, l, limits{}).dial()
	peer.acquire(want)
	peer.want(`{"parameters":{"lease":{"address":"192.0.2.9/24"}}}`)
}
