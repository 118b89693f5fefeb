// SPDX-License-Identifier: Apache-2.0

package netavark

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"podman-net-dhcp/internal/attach"
)

// Podman 5 numbers the interfaces of a container with several networks by chance. MAC, client
// identifier and identity in IPv6 are those of a container with one network.
func TestNumberOfTheInterfaceIsNoIdentity(t *testing.T) {
	t.Parallel()
	identity := func(ifname string) string {
		t.Helper()
		e, err := ParseExec([]byte(`{"container_id":"1","container_name":"web","network":{"name":"lan","options":{"bridge":"br0","ipv6":"auto","client_id":"duid"}},
			"network_options":{"interface_name":"` + ifname + `"}}`))
		if err != nil {
			t.Fatal(err)
		}
		w, err := e.Wanted("/n")
		if err != nil {
			t.Fatal(err)
		}
		link, err := w.Link()
		if err != nil {
			t.Fatal(err)
		}
		r, err := w.Lease(attach.Link{MAC: link.MAC})
		if err != nil {
			t.Fatal(err)
		}
		if w.Interface != ifname || link.Interface != ifname {
			t.Errorf("the interface is %q and %q", w.Interface, link.Interface)
		}
		return fmt.Sprint(link.MAC, r.Client.ClientID, r.Client.IAID, r.Client.Secret)
	}
	want := identity("eth0")
	for _, ifname := range []string{"eth1", "eth17"} {
		if got := identity(ifname); got != want {
			t.Errorf("%s: %s, want %s", ifname, got, want)
		}
	}
	for _, ifname := range []string{"lan0", "eth", "ethx", "veth1", "eth1x"} { // given by the user
		if identity(ifname) == want {
			t.Errorf("%s is eth0", ifname)
		}
	}
}

// A reduced document means the same.
func TestReduced(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"little": `{"container_id":"1","network":{"name":"lan"},"network_options":{"interface_name":"eth0"}}`,
		"nulls": `{"container_id":"1","container_name":"t","network":{"name":"lan","options":null},
			"network_options":{"interface_name":"eth0","aliases":null,"static_ips":null,"static_mac":null,"options":null}}`,
		"much": `{"container_id":"8f8a5cc12382aa","container_name":"t1","port_mappings":[{"container_port":80}],
			"network":{"name":"lan","internal":true,"options":{"bridge":"br0"}},
			"network_options":{"interface_name":"lan0","aliases":["zz","8f8a5cc12382","myhost","` + strings.Repeat("x", 1000) + `"],
			"static_ips":["2001:db8::9","192.0.2.9"],"static_mac":"02:11:22:33:44:55","options":{"mtu":"1400"}}}`,
	} {
		e, err := ParseExec([]byte(document))
		if err != nil {
			t.Fatal(name, err)
		}
		reduced, err := e.Reduced()
		if err != nil || len(reduced) > 500 {
			t.Fatalf("%s: %s, %v", name, reduced, err)
		}
		again, err := ParseExec(reduced)
		if err != nil {
			t.Fatalf("%s: %s: %v", name, reduced, err)
		}
		want, errWant := e.Wanted("/n")
		got, err := again.Wanted("/n")
		if err != nil || errWant != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v\nwant %+v, %v", name, got, err, want, errWant)
		}
	}
}
