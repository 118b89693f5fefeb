// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// other is a DHCP server that is not dnsmasq. DIR in its words is a directory of
// its own; T1 is a few seconds.
type other struct {
	program  string
	config   string
	args     []string
	files    []string // that must exist
	domain   string   // it gives
	released string   // in its log or table, with the address for ADDR
}

// Kea from 3.0 on gives a renewed lease the time it had left, until a quarter of it
// is over (cache-threshold): so it is a short one here.
var others = map[string]other{
	"kea": {
		program: "kea-dhcp4",
		config: `{"Dhcp4": {"interfaces-config": {"interfaces": ["lan0"]}, "authoritative": true,
			"lease-database": {"type": "memfile", "persist": false}, "valid-lifetime": 12, "renew-timer": 2, "rebind-timer": 8,
			"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.50-192.0.2.99"}], "option-data": [
				{"name": "routers", "data": "192.0.2.1"}, {"name": "domain-name-servers", "data": "192.0.2.53"},
				{"name": "domain-search", "data": "lan.example"}]}],
			"loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}]}}`,
		args: []string{"-c", "DIR/config"}, domain: "lan.example", released: "address ADDR was released properly",
	},
	"isc": {
		program: "dhcpd",
		config: `authoritative; default-lease-time 8; max-lease-time 8; min-lease-time 8;
			subnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.100 192.0.2.120; option routers 192.0.2.1;
			option domain-name-servers 192.0.2.53; option domain-name "lan.example"; }`,
		args:  []string{"-4", "-f", "-d", "-cf", "DIR/config", "-lf", "DIR/leases", "-pf", "DIR/pid", "lan0"},
		files: []string{"leases"}, domain: "lan.example", released: "DHCPRELEASE of ADDR from",
	},
	"udhcpd": {
		program: "udhcpd",
		config: "start 192.0.2.130\nend 192.0.2.140\nmax_leases 11\ninterface lan0\nlease_file DIR/leases\npidfile DIR/pid\n" +
			"opt router 192.0.2.1\nopt subnet 255.255.255.0\nopt dns 192.0.2.53\nopt domain lan.example\nopt lease 8\nmin_lease 8\n",
		args: []string{"-f", "DIR/config"}, files: []string{"leases"}, domain: "lan.example",
		released: "", // it says nothing of a RELEASE
	},
}

// TestOtherServers: a lease, a renewal and its end, with each of them.
func TestOtherServers(t *testing.T) {
	for name, o := range others {
		if _, err := exec.LookPath(o.program); err != nil && name == "isc" {
			continue // Debian has it up to trixie
		}
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.noServer()
			log := s.serve(name, o)
			n := s.bridge()
			c := s.run("", "--network", n)
			st := s.lease(c.inspect().ID, "eth0")
			if st == nil || st.Lease == nil {
				t.Fatalf("no lease; the server:\n%s", log())
			}
			equal(s, "address", c.link("eth0").ipv4(), []string{st.Lease.Address.String()})
			c.hasRoutes("default via " + router + " dev eth0 metric 100")
			contains(s, "resolv.conf", c.exec("cat", "/etc/resolv.conf"), "nameserver 192.0.2.53", "search "+o.domain)
			ping(s, bare(*st))
			s.renews(c)
			c.remove()
			if o.released != "" {
				said := strings.ReplaceAll(o.released, "ADDR", bare(*st))
				eventually(s, 5*time.Second, "the server says "+said, func() bool { return strings.Contains(log(), said) })
			}
		})
	}
}

// serve runs the server in the router until the scene ends; log is what it says.
func (s *scene) serve(name string, o other) (log func() string) {
	s.Helper()
	dir := s.TempDir()
	for _, f := range append(o.files, "config") {
		text := ""
		if f == "config" {
			text = strings.ReplaceAll(o.config, "DIR", dir)
		}
		if err := os.WriteFile(filepath.Join(dir, f), []byte(text), 0o644); err != nil {
			s.Fatal(err)
		}
	}
	unit := "t-" + name
	argv := []string{"--quiet", "--collect", "--unit", unit, "--setenv=KEA_LOCKFILE_DIR=" + dir, "--property=RuntimeDirectory=kea", "nsenter", "--net=/run/netns/router", "--", o.program}
	for _, a := range o.args {
		argv = append(argv, strings.ReplaceAll(a, "DIR", dir))
	}
	must(s, "systemd-run", argv...)
	s.Cleanup(func() { try("systemctl", "stop", unit) })
	log = func() string { return try("journalctl", "-u", unit, "--no-pager", "-o", "cat").out }
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("%s says:\n%s", name, log())
		}
	})
	eventually(s, 10*time.Second, name+" listens", func() bool {
		return strings.Contains(try("nsenter", "--net=/run/netns/router", "--", "ss", "-Hlnpu0").out, o.program)
	})
	return log
}

// renews waits for a renewal, by what the kernel says of the address.
func (s *scene) renews(c *container) {
	s.Helper()
	last := c.link("eth0").valid()
	eventually(s, 15*time.Second, "the lifetime goes up", func() bool {
		now := c.link("eth0").valid()
		up := now > last
		last = now
		return up
	})
}
