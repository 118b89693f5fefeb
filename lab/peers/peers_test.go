// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"fmt"
	"strings"
)

// peers are the other clients. Each is told the least that it needs to know: which links, that nobody
// waits, and that no address is probed.
var peers = []struct {
	name  string
	start func(c *client)
}{{"udhcpc", udhcpc}, {"dhclient", dhclient}, {"dhcpcd", dhcpcd}, {"networkd", networkd}}

// A script of udhcpc or dhclient is called for each event. It tells the values, and gives the link its
// address as Debian's scripts do. dhcpcd does the latter without its script.
const (
	udhcpcScript = `#!/bin/sh
[ $1 = bound ] || exit 0
printf 'router=%s\ndns=%s\nroutes=%s\ndomainname=%s\ndomain_search_list=%s\n' "$router" "$dns" "$staticroutes" "$domain" "$search" >told.$interface
ip addr replace $ip${subnet:+/$subnet} dev $interface
`
	iscScript = `#!/bin/sh
[ $reason = BOUND ] || exit 0
printf 'router=%s\ndns=%s\nroutes=%s\ndomainname=%s\ndomain_search_list=%s\n' "$new_routers" "$new_domain_name_servers" \
	"$new_classless_static_routes" "$new_domain_name" "$new_domain_search" >${0%/*}/told.$interface
`
	dhclientScript = iscScript + "ip addr replace $new_ip_address${new_subnet_mask:+/$new_subnet_mask} dev $interface\n"
)

func udhcpc(c *client) {
	c.start(`for i; do busybox udhcpc -f -i $i -s ./script -t 100 -T 1 -A 1 & done; wait`,
		map[string]string{"script": udhcpcScript})
}

func dhclient(c *client) {
	conf := "initial-delay 0;\nselect-timeout 0;\ninitial-interval 1;\nbackoff-cutoff 2;\ntimeout 600;\n"
	for _, name := range c.names() { // else a server that one link rejects is rejected by all
		conf += fmt.Sprintf("interface %q { }\n", name)
	}
	c.start(`dhclient -4 -d -sf "$0/script" -cf ./conf -lf ./leases -pf ./pid "$@"`,
		map[string]string{"script": dhclientScript, "leases": "", "conf": conf})
}

func dhcpcd(c *client) {
	c.start(`dhcpcd -4 -L -B -f ./conf -c "$0/script" "$@"`, map[string]string{
		"script": iscScript,
		"conf": "nodev\nnodelay\nnoarp\nnoipv4ll\nnogateway\nnolink\ntimeout 0\n" +
			"option subnet_mask, classless_static_routes, routers, domain_name_servers, domain_name, domain_search\n",
	})
}

func networkd(c *client) {
	files := map[string]string{}
	for i, name := range c.names() {
		files[name+".network"] = fmt.Sprintf("[Match]\nName=%s\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"+
			"[DHCPv4]\nClientIdentifier=mac\nUseRoutes=no\nUseDomains=yes\nUseHostname=no\nRouteMetric=%d\n", name, 1000+i)
	}
	c.start(strings.Join([]string{
		`cp *.network /run/systemd/network`, `/lib/systemd/systemd-networkd`,
	}, "\n"), files)
}
