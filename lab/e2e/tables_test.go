// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// leases is what is in the server's lease file.
func (r *running) leases() string {
	b, err := os.ReadFile(filepath.Join(r.dir, "leases"))
	if err != nil {
		r.s.Fatal(err)
	}
	return string(b)
}

// last are the addresses of a journal of leases whose last entry says that somebody
// has them.
type last map[string]bool

func (l last) addrs() (all []string) {
	for addr, held := range l {
		if held {
			all = append(all, addr)
		}
	}
	slices.Sort(all)
	return all
}

// keaTable reads address,hwaddr,client_id,valid_lifetime,… ; a lease that was given
// back has a lifetime of 0.
func keaTable(r *running) []string {
	all := last{}
	for line := range strings.Lines(r.leases()) {
		if f := strings.Split(line, ","); len(f) > 9 && f[0] != "address" {
			all[f[0]] = f[3] != "0" && f[9] == "0"
		}
	}
	return all.addrs()
}

var iscLease = regexp.MustCompile(`(?s)lease ([0-9.]+) \{.*?\n  binding state (\w+);.*?\n\}`)

func iscTable(r *running) []string {
	all := last{}
	for _, m := range iscLease.FindAllStringSubmatch(r.leases(), -1) {
		all[m[1]] = m[2] == "active"
	}
	return all.addrs()
}

// udhcpdTable asks for the file to be written first. Mac Address, IP Address, Host
// Name, Expires in; the addresses of those that are over stay.
func udhcpdTable(r *running) []string {
	must(r.s, "systemctl", "kill", "--signal=USR1", r.unit)
	all := last{}
	for line := range strings.Lines(try("dumpleases", "-f", filepath.Join(r.dir, "leases")).out) {
		if f := strings.Fields(line); len(f) > 2 && macForm.MatchString(f[0]) {
			all[f[1]] = !strings.Contains(line, "expired")
		}
	}
	return all.addrs()
}

func dnsmasqTable(r *running) []string {
	all := last{}
	for line := range strings.Lines(r.leases()) { // expiry MAC address name client-id
		if f := strings.Fields(line); len(f) == 5 {
			all[f[2]] = true
		}
	}
	return all.addrs()
}
