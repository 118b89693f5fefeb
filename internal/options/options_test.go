// SPDX-License-Identifier: Apache-2.0

package options

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	o, err := Parse()
	want := Options{
		Mode: "bridge", Guard: true, MACFrom: "stable", ClientID: "mac", DUID: "container", Hostname: "auto", DNS: "dhcp",
		Metric: 90, Routes: "dhcp", LeaseTimeout: 10 * time.Second, OnTimeout: "fail", ConflictCheck: "quick", Release: "20s",
		IPv6: "off", IPv6Timeout: 2 * time.Second,
	}
	if err != nil || !reflect.DeepEqual(o, want) {
		t.Errorf("%+v, %v; want %+v", o, err, want)
	}
}

func TestEveryKeyTakesWhatItSaysItTakes(t *testing.T) {
	t.Parallel()
	good := map[string][]string{
		"bridge": {"br0"}, "parent": {"eth0.100", "the-port-that-leads-to-the-lan", strings.Repeat("a", 127)}, "vlan": {"1", "4094"}, "mode": {"bridge", "private", "vepa", "passthru"},
		"isolate": {"true", "false", "1"}, "guard": {"on", "off"}, "shim": {"192.0.2.9", "dhcp"}, "mtu": {"576", "9000", "65535"}, "mac": {"stable", "random", "02:00:00:00:00:01"},
		"client_id": {"mac", "duid", "none", "text", "01:02", "0xff0102"}, "duid": {"host", "container"}, "hostname": {"auto", "none", "web", "web.lan"},
		"fqdn": {"true"}, "vendor_class": {"any text"}, "user_class": {"x"}, "request_ip": {"192.0.2.9"},
		"ip_policy": {"prefer", "require"}, "server": {"all", "192.0.2.1", "192.0.2.1 198.51.100.0/24,192.0.2.2"}, "router": {"192.0.2.1"}, "dns": {"dhcp", "none", "192.0.2.1", "192.0.2.1 2001:db8::1", "192.0.2.1,192.0.2.2"},
		"metric": {"0", "4294967294"}, "no_default_route": {"true"}, "routes": {"dhcp", "none"}, "lease_timeout": {"1s", "1m30s", "10m"},
		"on_timeout": {"fail", "continue"}, "conflict_check": {"quick", "rfc5227", "off"}, "release": {"20s", "1s", "24h", "now", "never"},
		"ipv6": {"off", "auto", "slaac", "dhcp", "only"}, "ra_routes": {"true", "false"}, "ipv6_timeout": {"0s", "2s", "30s"}, "rapid_commit": {"true"}, "ipv6_mostly": {"true"},
	}
	bad := map[string][]string{
		"bridge": {"", ".", "a/b", "a b", strings.Repeat("a", 128)}, "parent": {"..", "eth0:1"}, "vlan": {"0", "4095", "5,6", ""}, "mode": {"", "source"},
		"isolate": {"", "yes"}, "guard": {"", "true"}, "shim": {"", "dhcp6", "0.0.0.0", "224.0.0.1", "127.0.0.1", "2001:db8::1", "192.0.2.9/24"}, "mtu": {"575", "65536", "-1", "1e3", ""}, "mac": {"", "02:00:00:00:00", "01:00:00:00:00:01", "00:00:00:00:00:00", "02:00:00:00:00:01:02:03"},
		"client_id": {"", "0x01"}, "duid": {"", "mac"}, "hostname": {"", "-a", "a-", "a_b", "a..b", strings.Repeat("a", 64)},
		"fqdn": {"maybe"}, "vendor_class": {"a\nb", strings.Repeat("x", 256)}, "user_class": {"\x00"}, "request_ip": {"", "0.0.0.0", "224.0.0.1", "127.0.0.1", "::1", "192.0.2.9/24"},
		"ip_policy": {"must"}, "server": {"", "x", "192.0.2.1/24", "fe80::1", "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7 8.8.8.8 9.9.9.9"}, "router": {"192.0.2.1/33"}, "dns": {"", "router", "fe80::1%eth0", "1.2.3"}, "metric": {"-1", "4294967295"},
		"no_default_route": {"x"}, "routes": {"", "static"}, "lease_timeout": {"0s", "999ms", "11m", "10"}, "on_timeout": {"wait"},
		"conflict_check": {"", "x"}, "release": {"", "later", "999ms", "25h", "-20s", "20"}, "ipv6": {"on", "Auto"}, "ra_routes": {"on"}, "ipv6_timeout": {"", "2", "-1s", "31s"},
		"rapid_commit": {"x"}, "ipv6_mostly": {""},
	}
	for _, k := range keys {
		if len(good[k.name]) == 0 || len(bad[k.name]) == 0 {
			t.Errorf("key %s has no examples here", k.name)
		}
		for _, v := range good[k.name] {
			if _, err := Parse(map[string]string{k.name: v}); err != nil {
				t.Errorf("%v", err)
			}
		}
		for _, v := range bad[k.name] {
			_, err := Parse(map[string]string{k.name: v})
			if err == nil || !strings.Contains(err.Error(), "option "+k.name) {
				t.Errorf("%s=%q is taken, or not named: %v", k.name, v, err)
			}
		}
	}
}

func TestLayers(t *testing.T) {
	t.Parallel()
	network := map[string]string{"bridge": "br0", "metric": "7", "com.docker.network.driver.mtu": "1400"}
	o, err := Per(network, map[string]string{"metric": "9", "hostname": "web"})
	if err != nil || o.Bridge != "br0" || o.Metric != 9 || o.Hostname != "web" || o.MTU != 1400 || o.Host() != "br0" {
		t.Errorf("%+v, %v", o, err)
	}
	for name := range map[string]bool{"bridge": true, "parent": true, "mode": true, "isolate": true, "guard": true, "vlan": true, "shim": true} {
		if _, err := Per(network, map[string]string{name: "x"}); err == nil || !strings.Contains(err.Error(), "belongs to the network") {
			t.Errorf("%s of a container: %v", name, err)
		}
	}
	if _, err := Parse(map[string]string{"": "x"}); err == nil {
		t.Error("took an empty key")
	}
}

// A shim is for macvlans that their siblings reach.
func TestWhereAShimReachesNobody(t *testing.T) {
	t.Parallel()
	for want, given := range map[string]map[string]string{
		"works only on a parent":          {"bridge": "br0"},
		"mode=private and shim=192.0.2.9": {"parent": "eth0", "mode": "private"},
		"mode=vepa and":                   {"parent": "eth0", "mode": "vepa"},
		"mode=passthru and":               {"mode": "passthru"},
		"vlan=5 and shim":                 {"parent": "eth0", "vlan": "5"},
	} {
		given["shim"] = "192.0.2.9"
		if _, err := Parse(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %s", given, err, want)
		}
	}
	if o, err := Parse(map[string]string{"parent": "eth0", "shim": "192.0.2.9"}); err != nil || o.Shim.String() != "192.0.2.9" {
		t.Errorf("%v, %v", o.Shim, err)
	}
}

// no_default_route means no route, unless somebody asks for the others.
func TestRoutesFollowTheDefaultRoute(t *testing.T) {
	t.Parallel()
	for want, layers := range map[string][]map[string]string{
		"dhcp false": {{}, {"no_default_route": "true"}, {"no_default_route": "false"}},
		"none true":  {{"no_default_route": "true"}},
		"dhcp true":  {{"no_default_route": "true"}, {"routes": "dhcp"}},
		"none false": {{"routes": "none"}},
	} {
		o, err := Parse(layers...)
		if got := fmt.Sprint(o.Routes, " ", o.NoDefaultRoute); err != nil || got != want {
			t.Errorf("%v: %s, want %s, %v", layers, got, want, err)
		}
	}
}

func TestFromPrefixed(t *testing.T) {
	t.Parallel()
	got := FromPrefixed(map[string]string{"io.leased.bridge": "br0", "io.leasedx": "1", "other": "2"})
	if !reflect.DeepEqual(got, map[string]string{"bridge": "br0"}) {
		t.Errorf("%v", got)
	}
}

func TestIdentityIsStableAndItsOwn(t *testing.T) {
	t.Parallel()
	o, _ := Parse()
	web := Identity{Network: "lan", Container: "web", Interface: "eth0"}
	seen := map[string]Identity{}
	for _, id := range []Identity{
		web, {"lan", "web", "eth1"}, {"lan", "db", "eth0"}, {"nic", "web", "eth0"}, {"la", "nweb", "eth0"},
	} {
		mac, err := o.LinkMAC(id)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := o.LinkMAC(id); again.String() != mac.String() {
			t.Errorf("%v has the MACs %s and %s", id, mac, again)
		}
		if CheckMAC(mac) != nil || mac[0]&2 == 0 {
			t.Errorf("%s is not a local unicast MAC", mac)
		}
		if other, ok := seen[mac.String()]; ok {
			t.Errorf("%v and %v share a MAC", id, other)
		}
		seen[mac.String()] = id
	}
	o.MACFrom = "random"
	a, _ := o.LinkMAC(web)
	b, _ := o.LinkMAC(web)
	if a.String() == b.String() || CheckMAC(a) != nil {
		t.Errorf("random MACs are %s and %s", a, b)
	}
	o.MAC = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	if mac, _ := o.LinkMAC(web); mac.String() != "02:00:00:00:00:01" {
		t.Errorf("the MAC given became %s", mac)
	}
}

func TestClientID(t *testing.T) {
	t.Parallel()
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	id := Identity{"lan", "web", "eth0"}
	for value, want := range map[string]string{
		"mac": "01020000000001", "none": "", "office": "006f6666696365", "0xff0a": "ff0a", "00:61:62": "006162", "0x1": "00307831",
	} {
		o, err := Parse(map[string]string{"client_id": value})
		got, idErr := o.ClientIDOption(id, mac)
		if err != nil || idErr != nil || hex.EncodeToString(got) != want {
			t.Errorf("client_id=%s: %x, %v %v; want %s", value, got, err, idErr, want)
		}
	}
	o, _ := Parse(map[string]string{"client_id": "duid"})
	one, err := o.ClientIDOption(id, mac)
	two, _ := o.ClientIDOption(Identity{"lan", "web", "eth1"}, mac)
	// RFC 4361 §6.1: 255, IAID of the interface, DUID of the host; RFC 6355: type 4.
	if err != nil || len(one) != 1+4+2+16 || one[0] != 255 || !bytes.Equal(one[5:7], []byte{0, 4}) ||
		bytes.Equal(one[1:5], two[1:5]) || !bytes.Equal(one[5:], two[5:]) {
		t.Errorf("duid: %x and %x, %v", one, two, err)
	}
}

func TestHostname(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		option     string
		candidates []string
		want       string
	}{
		{"auto", []string{"", "my_web", "0123456789ab"}, "my-web"},
		{"auto", []string{"myhost", "web"}, "myhost"},
		{"auto", []string{"", "systemd-web", ""}, "systemd-web"},
		{"auto", []string{"", "...", "0123456789ab"}, "0123456789ab"},
		{"auto", []string{strings.Repeat("a", 62) + "_x"}, strings.Repeat("a", 62)},
		{"auto", nil, ""},
		{"none", []string{"web"}, ""},
		{"web.lan", []string{"other"}, "web.lan"},
	} {
		o, err := Parse(map[string]string{"hostname": tc.option})
		if got := o.HostnameOption(tc.candidates...); err != nil || got != tc.want {
			t.Errorf("%s of %q: %q, %v; want %q", tc.option, tc.candidates, got, err, tc.want)
		}
	}
}

func TestListOfServers(t *testing.T) {
	t.Parallel()
	o, err := Parse(map[string]string{"dns": "192.0.2.1 2001:db8::1"})
	want := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
	if err != nil || o.DNS != "list" || !reflect.DeepEqual(o.DNSList, want) {
		t.Errorf("%+v, %v", o, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range keys {
		f.Add(k.name, "1")
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		o, err := Parse(map[string]string{name: value})
		if err != nil {
			return
		}
		mac := net.HardwareAddr{2, 0, 0, 0, 0, 1}
		if id, err := o.ClientIDOption(Identity{"n", "c", "i"}, mac); err == nil && len(id) > 255 {
			t.Errorf("%q=%q makes a client id of %d bytes", name, value, len(id))
		}
		if h := o.HostnameOption("c"); len(h) > 255 {
			t.Errorf("%q=%q makes a host name of %d bytes", name, value, len(h))
		}
	})
}

// The DUID is the container's, or with duid=host the host's; IAID and secret are each
// attachment's own: two interfaces with one secret would have one address (RFC 7217).
func TestDHCPv6Identity(t *testing.T) {
	t.Parallel()
	web := Identity{Network: "lan", Container: "web", Interface: "eth0"}
	host, own := defaults(), defaults()
	host.DUID = "host"
	one, err := host.DHCPv6(web)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := host.DHCPv6(web); !reflect.DeepEqual(one, again) {
		t.Errorf("%x, then %x", one, again)
	}
	if len(one.DUID) != 18 || one.DUID[0] != 0 || one.DUID[1] != 4 || len(one.Secret) != 16 {
		t.Errorf("%+v is no DUID-UUID and secret", one)
	}
	for _, other := range []Identity{
		{Network: "iot", Container: "web", Interface: "eth0"}, {Network: "lan", Container: "db", Interface: "eth0"}, {Network: "lan", Container: "web", Interface: "eth1"},
	} {
		two, err := host.DHCPv6(other)
		if err != nil || !reflect.DeepEqual(one.DUID, two.DUID) || one.IAID == two.IAID || reflect.DeepEqual(one.Secret, two.Secret) {
			t.Errorf("%+v: %+v, %v; %+v has %+v", other, two, err, web, one)
		}
	}
	mine, err := own.DHCPv6(web)
	if err != nil || reflect.DeepEqual(mine.DUID, one.DUID) || mine.IAID != one.IAID || !reflect.DeepEqual(mine.Secret, one.Secret) {
		t.Errorf("duid=container: %+v, %v", mine, err)
	}
	for other, same := range map[Identity]bool{
		{Network: "lan", Container: "web", Interface: "eth1"}: true, // Podman may give another name at each start
		{Network: "lan", Container: "db", Interface: "eth0"}:  false,
		{Network: "iot", Container: "web", Interface: "eth0"}: false,
	} {
		if six, err := own.DHCPv6(other); err != nil || reflect.DeepEqual(six.DUID, mine.DUID) != same {
			t.Errorf("duid=container: %+v has %+v, %v; %+v has %+v", other, six, err, web, mine)
		}
	}
	own.ClientID = "duid"
	if id, err := own.ClientIDOption(web, nil); err != nil || !bytes.HasSuffix(id, mine.DUID) {
		t.Errorf("client_id=duid with duid=container: %x, %v", id, err)
	}
}

// A lease that never goes back wants a client that comes back: refused are a random MAC and
// no client identifier beside it.
func TestNeverWantsAnIdentity(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		network, container map[string]string
		ok                 bool
	}{
		"random MAC":                {map[string]string{"mac": "random", "release": "never"}, nil, false},
		"random MAC, no id":         {map[string]string{"mac": "random", "client_id": "none", "release": "never"}, nil, false},
		"random MAC of a container": {map[string]string{"release": "never"}, map[string]string{"mac": "random"}, false},
		"never of a container":      {map[string]string{"mac": "random"}, map[string]string{"release": "never"}, false},
		"another release":           {map[string]string{"mac": "random", "release": "never"}, map[string]string{"release": "now"}, true},
		"a MAC of the container":    {map[string]string{"mac": "random", "release": "never"}, map[string]string{"mac": "02:00:00:00:00:01"}, true},
		"an identifier":             {map[string]string{"mac": "random", "release": "never", "client_id": "web"}, nil, true},
		"derived from names":        {map[string]string{"mac": "random", "release": "never", "client_id": "duid"}, nil, true},
		"stable MAC":                {map[string]string{"mac": "stable", "release": "never", "client_id": "none"}, nil, true},
		"random MAC, 24 hours":      {map[string]string{"mac": "random", "release": "24h"}, nil, true},
	} {
		_, err := Per(c.network, c.container)
		if ok := err == nil; ok != c.ok || !ok && !strings.Contains(err.Error(), "mac=random and release=never exclude each other") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
