// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strings"

	"podman-net-dhcp/lab/bench/report"
)

// page is results.md.
func page(r *report.Report) []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, "<!-- SPDX-License-Identifier: Apache-2.0 -->\n# Results of the benchmark\n")
	if r.Quick {
		fmt.Fprint(&b, "**A quick run: few tries of everything, and fewer leases than the targets are about.**\n\n")
	}
	fmt.Fprintf(&b, "By `make bench` on %s. What is compared was measured in one run, on one LAN. Times are in ms.\n\n", r.Date)
	machine(&b, r.Machine)
	if !r.Quick {
		fmt.Fprint(&b, "![how long an attach takes, by way](latency.svg)\n![memory by number of leases](memory.svg)\n\n")
	}
	targets(&b, r)
	ways(&b, r)
	daemons(&b, r.Daemons)
	mass(&b, r.Mass)
	if len(r.Notes) > 0 {
		fmt.Fprintf(&b, "## To know\n- %s\n", strings.Join(r.Notes, "\n- "))
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// heading begins a part; about says what its figures are of.
func heading(b *bytes.Buffer, title, about string) {
	fmt.Fprintf(b, "## %s\n", title)
	if about != "" {
		fmt.Fprintf(b, "%s\n\n", about)
	}
}

func machine(b *bytes.Buffer, m report.Machine) {
	fmt.Fprintf(b, "Machine: %s, %d cores, Linux %s", m.CPU, m.Cores, m.Kernel)
	for _, v := range m.Versions {
		fmt.Fprintf(b, "; %s %s", v.Name, v.Version)
	}
	fmt.Fprint(b, ".\n\n")
}

func targets(b *bytes.Buffer, r *report.Report) {
	heading(b, "Targets", "")
	t := report.Table{Head: []string{"target", "measured", "met"}}
	for _, each := range r.Targets() {
		t.Add(each.What, each.Measured, string(each.Met))
	}
	_, _ = t.WriteTo(b) // a Buffer takes all
}

// ways are the tables of attaching, one a part.
func ways(b *bytes.Buffer, r *report.Report) {
	for _, part := range []struct {
		title, about string
		ways         []report.Way
	}{
		{"One at a time", "From a fresh network namespace to a leased address in it. A way on the bridge is compared with the bridge's floor, " +
			"every other way with the macvlan's.", r.Attach},
		{"Through netavark, one at a time", "The same by `netavark setup`: with net-dhcp as its plugin, and by its own driver.", r.Netavark},
		{"Eight at once", "As one at a time.", r.Parallel},
		{"Leased before", "The server pings each address before it offers it, as dnsmasq does by default.", r.Known},
		{"Leased before, no ping check", "The same containers and the same server without the pings, in turn with those above.", r.KnownPlain},
		{"podman run --rm", "Of a program that ends at once; teardown included.", r.Podman},
		{"With IPv6, one at a time", "Until IPv4 is there and, where there is a router, a usable IPv6 address. But for the first, another container " +
			"with IPv6 is on the LAN already. " +
			"dnsmasq answers a solicitation at once, where other routers may take half a second. " +
			"In the time by DHCPv6 are 100 ms that dnsmasq takes for each new client, to find its MAC.", r.IPv6},
		{"Beside many leases", "`net-dhcp setup` while the same leased holds others.", r.Scale},
	} {
		if len(part.ways) == 0 {
			continue
		}
		heading(b, part.title, part.about)
		_, _ = tableOf(part.ways, r).WriteTo(b)
		failures(b, part.ways)
	}
}

func tableOf(ways []report.Way, r *report.Report) *report.Table {
	t := &report.Table{Head: []string{
		"way", "tries", "p50", "p95", "max", "a second", "failed", "to floor + exec", "to the best peer",
	}}
	for _, w := range ways {
		t.Add(emphasis(w.Name, w.Kind), report.Count(len(w.Took)+w.Failed), report.Figure(w.P50()), report.Figure(w.P95()),
			report.Figure(w.Max()), report.Figure(w.Rate()), report.Count(w.Failed),
			report.Ratio(w.P50(), r.Bound(w.Name)), report.Ratio(w.P50(), report.BestPeer(ways)))
	}
	return t
}

// emphasis makes what is ours bold.
func emphasis(name string, k report.Kind) string {
	if k == report.Ours {
		return "**" + name + "**"
	}
	return name
}

func failures(b *bytes.Buffer, ways []report.Way) {
	for _, w := range ways {
		if w.Error != "" {
			fmt.Fprintf(b, "%s failed: `%s`\n\n", w.Name, strings.ReplaceAll(w.Error, "\n", " "))
		}
	}
}
