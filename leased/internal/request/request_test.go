// SPDX-License-Identifier: Apache-2.0

package request

import (
	"encoding/json"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"podman-net-dhcp/internal/leaseapi"
)

// full has every field, and none with its default value.
func full(r *leaseapi.AcquireRequest) {
	r.Client = leaseapi.Client{
		ClientID: "01020000000001", Hostname: "web", FQDN: true, VendorClass: "v", UserClass: "u",
		RequestIP: netip.MustParseAddr("192.0.2.9"), RequireIP: true, RapidCommit: true, IPv6Mostly: true,
		Servers: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")},
		DUID:    "00040102", IAID: 7, Secret: "000102030405060708090a0b0c0d0e0f", RequestIPv6: netip.MustParseAddr("2001:db8::9"),
	}
	r.Policy = leaseapi.Policy{
		Metric: 100, NoDefaultRoute: true, Routes: "dhcp", Routers: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25")}, TimeoutMS: 1500, OnTimeout: "continue", Release: "1m30s",
		ConflictCheck: "rfc5227", ResolvConf: true, RARoutes: true, IPv6: "only", IPv6TimeoutMS: 2000,
	}
}

func parse(t *testing.T, a leaseapi.AcquireRequest) Request {
	t.Helper()
	r, err := Parse(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParse(t *testing.T) {
	t.Parallel()
	want := Request{
		Attachment: Attachment{ContainerID: "id", ContainerName: "web", Network: "lan", Interface: "eth0"},
		Link:       Link{Netns: "/run/netns/x", Index: 2, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, Host: "br0", MTU: 1500},
		Client: Client{
			ID: []byte{1, 2, 0, 0, 0, 0, 1}, Hostname: "web", FQDN: true, VendorClass: "v", UserClass: "u",
			RequestIP: netip.MustParseAddr("192.0.2.9"), RequireIP: true, RapidCommit: true, IPv6Mostly: true,
			Servers: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")},
			DUID:    []byte{0, 4, 1, 2}, IAID: 7, Secret: [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
			RequestIPv6: netip.MustParseAddr("2001:db8::9"),
		},
		Policy: Policy{
			Metric: 100, NoDefaultRoute: true, Routers: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25")}, Timeout: 1500 * time.Millisecond, OnTimeout: Continue,
			Release: Release{Grace: 90 * time.Second}, ConflictCheck: CheckRFC5227, ResolvConf: true, RARoutes: true,
			IPv6: IPv6Only, IPv6Timeout: 2 * time.Second,
		},
	}
	a := request(full)
	if got := parse(t, a); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := want.API(); !reflect.DeepEqual(got, a) {
		t.Errorf("%+v, want %+v", got, a)
	}
}

// routes=none leaves out the default route, too. Without routes, noDefaultRoute means none, as
// records of an earlier leased have it.
func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		routes             string
		noDefault          bool
		wantDefault, wants bool
		canonical          string
	}{
		{"", false, true, true, ""},
		{"dhcp", false, true, true, ""},
		{"none", false, false, false, ""},
		{"", true, false, false, ""},
		{"dhcp", true, false, true, "dhcp"},
		{"none", true, false, false, ""},
	} {
		r := parse(t, request(func(a *leaseapi.AcquireRequest) { a.Policy.Routes, a.Policy.NoDefaultRoute = tt.routes, tt.noDefault }))
		if r.Policy.NoDefaultRoute == tt.wantDefault || r.Policy.NoRoutes == tt.wants {
			t.Errorf("%q, %v: %+v", tt.routes, tt.noDefault, r.Policy)
		}
		if a := r.API().Policy; a.Routes != tt.canonical || a.NoDefaultRoute != r.Policy.NoDefaultRoute || !reflect.DeepEqual(parse(t, r.API()).Policy, r.Policy) {
			t.Errorf("%q, %v: written %+v", tt.routes, tt.noDefault, a)
		}
	}
}

// Where the API has nothing the domain has nothing, and the other way round.
func TestAbsentParameters(t *testing.T) {
	t.Parallel()
	r := parse(t, request())
	if r.Client.ID != nil || r.Client.DUID != nil || r.Client.Secret != [16]byte{} ||
		r.Policy.ConflictCheck != CheckOff || r.Policy.IPv6 != IPv6Off || r.Policy.Release != (Release{}) {
		t.Errorf("%+v", r)
	}
	b, err := json.Marshal(r.API())
	for _, name := range []string{"clientId", "duid", "secret", "requestIp", "conflictCheck", "ipv6"} {
		if strings.Contains(string(b), name) || err != nil {
			t.Errorf("%s is in %s, %v", name, b, err)
		}
	}
	if got := parse(t, r.API()); !reflect.DeepEqual(got, r) {
		t.Errorf("%+v becomes %+v", r, got)
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]func(r *leaseapi.AcquireRequest){
		"on timeout":     texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.OnTimeout }, "fail", "continue"),
		"conflict check": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.ConflictCheck }, "", "quick", "rfc5227"),
		"ipv6":           texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.IPv6 }, "", "auto", "slaac", "dhcp", "only"),
		"release":        texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.Release }, "now", "never", "1s", "20s", "24h0m0s"),
	} {
		for i, change := range changes {
			a := request(change)
			a.Client.DUID = "00040102"
			if got := parse(t, a).API(); !reflect.DeepEqual(got, a) {
				t.Errorf("%s, case %d: %+v becomes %+v", name, i, a, got)
			}
		}
	}
	for name, change := range map[string]func(r *leaseapi.AcquireRequest){
		"off": func(r *leaseapi.AcquireRequest) { r.Policy.ConflictCheck, r.Policy.IPv6 = "off", "off" },
		"hex": func(r *leaseapi.AcquireRequest) { r.Client.Secret = strings.Repeat("00", 16) },
		"mac": func(r *leaseapi.AcquireRequest) { r.Link.MAC = "02-00-00-00-00-01" },
	} {
		if got, want := parse(t, request(change)), parse(t, request()); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestZeroIsInvalid(t *testing.T) {
	t.Parallel()
	words := []string{
		OnTimeout(0).String(), ConflictCheck(0).String(), IPv6(0).String(),
		OnTimeout(99).String(), ConflictCheck(99).String(), IPv6(99).String(),
	}
	if slices.ContainsFunc(words, func(w string) bool { return w != invalid }) {
		t.Errorf("%q", words)
	}
	for name, change := range map[string]func(r *leaseapi.AcquireRequest){
		"policy.onTimeout":     func(r *leaseapi.AcquireRequest) { r.Policy.OnTimeout = invalid },
		"policy.conflictCheck": func(r *leaseapi.AcquireRequest) { r.Policy.ConflictCheck = invalid },
		"policy.ipv6":          func(r *leaseapi.AcquireRequest) { r.Policy.IPv6 = invalid },
	} {
		if got := bad(request(change)); got != name {
			t.Errorf("%s: %q is invalid", name, got)
		}
	}
}

// The names of files on disk derive from these.
func TestKeysStay(t *testing.T) {
	t.Parallel()
	r := parse(t, request(func(r *leaseapi.AcquireRequest) { r.Link.MAC = "02:00:00:00:00:AB" }))
	if got := r.Attachment.Key(); got != "id\x00lan\x00eth0" {
		t.Errorf("%q", got)
	}
	owned := r.Attachment
	owned.Owner = "hook:1"
	if got := owned.Key(); got != "id\x00lan\x00eth0\x00hook:1" {
		t.Errorf("%q", got)
	}
	if got := r.ClientKey(); got != "br0\x00mac\x0002:00:00:00:00:ab" {
		t.Errorf("%q", got)
	}
	r = parse(t, request(func(r *leaseapi.AcquireRequest) { r.Client.ClientID = "01AB00" }))
	if got := r.ClientKey(); got != "br0\x00id\x0001ab00" {
		t.Errorf("%q", got)
	}
}

// FuzzParse: what passes is within bounds, and is the same when it is parsed again.
func FuzzParse(f *testing.F) {
	good, _ := json.Marshal(request())
	all, _ := json.Marshal(request(full))
	f.Add(good)
	f.Add(all)
	f.Add([]byte(`{"attachment":{"containerId":"\ud800"},"policy":{"timeoutMs":288230376151711744}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var a leaseapi.AcquireRequest
		if json.Unmarshal(b, &a) != nil {
			return
		}
		r, err := Parse(a)
		if err != nil {
			return
		}
		p := r.Policy
		if p.Timeout <= 0 || p.Timeout > maxTimeout || len(r.Link.MAC) != 6 || r.Attachment.ContainerID == "" ||
			p.OnTimeout == 0 || p.ConflictCheck == 0 || p.IPv6 == 0 || p.Release.Never && p.Release.Grace != 0 {
			t.Errorf("%+v", r)
		}
		if again, err := Parse(r.API()); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%+v becomes %+v, %v", r, again, err)
		}
	})
}

// An attachment within its key is the same, and has the key's bytes.
func TestWithin(t *testing.T) {
	t.Parallel()
	for _, a := range []Attachment{
		{ContainerID: "id", ContainerName: "web", Network: "lan", Interface: "eth0"},
		{ContainerID: "id", Network: "", Interface: ""},
		{ContainerID: "id", ContainerName: "web", Network: "io.leased", Interface: "eth0", Owner: "hook:1"},
	} {
		key := a.Key()
		for _, longer := range []string{key, key + "\x00br0\x00mac"} {
			got := a.Within(longer)
			if got != a || unsafe.StringData(got.ContainerID) != unsafe.StringData(longer) {
				t.Errorf("%+v of %q", got, longer)
			}
		}
	}
}

func TestIsOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of        Attachment
		id, owner string
		want      bool
	}{
		{Attachment{"id", "", "lan", "eth0", ""}, "id", "", true},
		{Attachment{"id", "", "lan", "eth0", ""}, "i", "", false},
		{Attachment{"id", "", "lan", "eth0", ""}, "id", "hook:1", false}, // Podman's
		{Attachment{"id", "", "io.leased", "eth0", ""}, "id", "hook:1", true},
		{Attachment{"id", "", "io.leased.12", "eth0", ""}, "id", "hook:1", true},
		{Attachment{"id", "", "io.leasedx", "eth0", ""}, "id", "hook:1", false},
		{Attachment{"id", "", "io.leased", "eth0", "hook:1"}, "id", "", true},
		{Attachment{"id", "", "io.leased", "eth0", "hook:1"}, "id", "hook:1", true},
		{Attachment{"id", "", "io.leased", "eth0", "hook:1"}, "id", "hook:2", false},
	} {
		for _, more := range []string{"", "\x00br0\x00mac\x0002:00:00:00:00:01"} {
			if more != "" && tt.of.Owner == "" {
				continue // no attachment of a former boot is anybody's
			}
			if got := IsOf(tt.of.Key()+more, tt.id, tt.owner); got != tt.want {
				t.Errorf("%+v is of %s of %q: %v", tt.of, tt.id, tt.owner, got)
			}
		}
	}
	if IsOf("\x00\x00", "id", "") || IsOf("id", "id", "") {
		t.Error("a key that is none is of a container")
	}
}
