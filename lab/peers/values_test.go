// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"podman-net-dhcp/internal/leaseapi"
)

// values are what a client has made of a reply beside the address. A client that has told nothing yet
// has known false.
type values struct {
	known              bool
	router, dns, names string
}

func (v values) String() string {
	return fmt.Sprintf("router %q, DNS %q, names %q", v.router, v.dns, v.names)
}

// told reads what a client has told of a link: lines of KEY=WORD…, by a script of ours or in networkd's
// file of a lease.
func (c *client) told(i int) (v values) {
	text, err := os.ReadFile(filepath.Join(c.dir, "told."+c.links[i].Name))
	if err != nil {
		text, err = os.ReadFile(fmt.Sprintf("/proc/%d/root/run/systemd/netif/leases/%d", c.pid, c.links[i].Index))
	}
	words := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		words[strings.ToUpper(key)] = strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
	}
	names := words["DOMAIN_SEARCH_LIST"]
	if len(names) == 0 {
		names = words["DOMAINNAME"]
	}
	return values{known: err == nil, router: way(words["ROUTER"], words["ROUTES"]), dns: usable(words["DNS"]), names: strings.Join(names, " ")}
}

// way is the default router: of the pairs of a destination and a router if there are any (RFC 3442).
func way(routers, pairs []string) string {
	if len(pairs) > 1 {
		routers = nil
		for pair := range slices.Chunk(pairs, 2) {
			if pair[0] == "0.0.0.0/0" && len(pair) == 2 {
				routers = pair[1:]
			}
		}
	}
	first, _, _ := strings.Cut(usable(routers), " ")
	return first
}

// usable are the addresses of a list without 0.0.0.0, which clients hand on.
func usable(addrs []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(addrs), func(a string) bool { return a == "0.0.0.0" }), " ")
}

// granted are the values of a lease of leased's.
func granted(l *leaseapi.Lease) values {
	v := values{known: true, names: strings.Join(l.Search, " ")}
	if l.Gateway.IsValid() {
		v.router = l.Gateway.String()
	}
	var dns []string
	for _, a := range l.DNS {
		dns = append(dns, a.String())
	}
	v.dns = strings.Join(dns, " ")
	return v
}

// common is what three clients say; "", false: no three do.
func common(all []values, of func(v values) string) (string, bool) {
	count := map[string]int{}
	for _, v := range all {
		if v.known {
			count[of(v)]++
		}
	}
	for text, n := range count {
		if n >= 3 {
			return text, true
		}
	}
	return "", false
}

// others says which of leased's values are not those of three others; "" if all are.
func (r row) others() string {
	if !r.ours.IsValid() {
		return ""
	}
	var all []string
	for _, one := range []struct {
		what string
		of   func(v values) string
	}{
		{"router", func(v values) string { return v.router }},
		{"DNS", func(v values) string { return v.dns }},
		{"names", func(v values) string { return v.names }},
	} {
		if most, ok := common(r.told, one.of); ok && most != one.of(r.got) {
			all = append(all, fmt.Sprintf("leased has %s %q, three others %q", one.what, one.of(r.got), most))
		}
	}
	return strings.Join(all, "; ")
}
