// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// other is a DHCP server with a configuration of ours. In its words DIR is a directory
// of its own, NET the first three bytes of its subnet, TEN all but the last digit of its
// addresses. T1 is a few seconds.
type other struct {
	program  string
	config   string
	args     []string
	files    []string // that must exist
	domain   string   // it gives
	released string   // in its log, with the address for ADDR; "": it says nothing
	// table are the addresses that somebody has, by its own lease table.
	table func(r *running) []string
	// What it says in REBINDING of a lease that another server has granted, where it
	// could have: takesOver, ACK. What it says at T1 of an address that is none of its
	// range any more: refuses, NAK. Else it says nothing.
	takesOver, refuses bool
}

// Kea from 3.0 on gives a renewed lease the time it had left, until a quarter of it
// is over (cache-threshold): so it is a short one here.
var others = map[string]other{
	"kea": {
		program: "kea-dhcp4",
		config: `{"Dhcp4": {"interfaces-config": {"interfaces": ["lan0"]}, "authoritative": true,
			"lease-database": {"type": "memfile", "name": "DIR/leases"}, "valid-lifetime": 6, "renew-timer": 2, "rebind-timer": 3,
			"expired-leases-processing": {"hold-reclaimed-time": 0},
			"subnet4": [{"id": 1, "subnet": "NET.0/24", "pools": [{"pool": "NET.TEN0-NET.TEN9"}], "option-data": [
				{"name": "routers", "data": "NET.1"}, {"name": "domain-name-servers", "data": "192.0.2.53"},
				{"name": "domain-search", "data": "lan.example"}]}],
			"loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}]}}`,
		args: []string{"-c", "DIR/config"}, domain: "lan.example", released: "address ADDR was released properly",
		table: keaTable, takesOver: true,
	},
	"isc": {
		program: "dhcpd",
		config: `authoritative; default-lease-time 6; max-lease-time 6; min-lease-time 6;
			option dhcp-renewal-time 2; option dhcp-rebinding-time 3;
			subnet NET.0 netmask 255.255.255.0 { range NET.TEN0 NET.TEN9; option routers NET.1;
			option domain-name-servers 192.0.2.53; option domain-name "lan.example"; }`,
		args:  []string{"-4", "-f", "-d", "-cf", "DIR/config", "-lf", "DIR/leases", "-pf", "DIR/pid", "lan0"},
		files: []string{"leases"}, domain: "lan.example", released: "DHCPRELEASE of ADDR from",
		table: iscTable, takesOver: true,
	},
	"udhcpd": {
		program: "udhcpd",
		config: "start NET.TEN0\nend NET.TEN9\nmax_leases 10\ninterface lan0\nlease_file DIR/leases\npidfile DIR/pid\n" +
			"opt router NET.1\nopt subnet 255.255.255.0\nopt dns 192.0.2.53\nopt domain lan.example\nopt lease 4\nmin_lease 4\n",
		args: []string{"-f", "DIR/config"}, files: []string{"leases"}, domain: "lan.example",
		table: udhcpdTable,
	},
	"dnsmasq": {
		program: "dnsmasq",
		config: "interface=lan0\nbind-interfaces\nport=0\nuser=root\nno-ping\nlog-dhcp\ndhcp-authoritative\npid-file=DIR/pid\n" +
			"dhcp-leasefile=DIR/leases\ndhcp-range=NET.TEN0,NET.TEN9,255.255.255.0,2m\ndhcp-option-force=option:T1,2\n" +
			"dhcp-option-force=option:T2,3\ndhcp-option=3,NET.1\ndhcp-option=6,192.0.2.53\ndomain=lan.example\n",
		args: []string{"-k", "--log-facility=-", "-C", "DIR/config"}, files: []string{"leases"}, domain: "lan.example",
		released: "DHCPRELEASE(lan0) ADDR", table: dnsmasqTable, takesOver: true, refuses: true,
	},
}

// place is where a server runs: a netns that has an interface lan0, the first three
// bytes of the subnet there, and which ten of its addresses are the server's.
type place struct{ netns, net, ten string }

// flag is nsenter's; without a netns it is the host's.
func (p place) flag() string {
	if p.netns == "" {
		return "--net=/proc/1/ns/net"
	}
	return "--net=/run/netns/" + p.netns
}

// usual is where servers usually run.
var usual = place{"router", "192.0.2", "10"}

// running is one of the others, at work until it is stopped or the scene ends.
type running struct {
	s         *scene
	o         other
	at        place
	unit, dir string
}

// serve starts one of the others and waits until it listens.
func (s *scene) serve(name string, at place) *running {
	s.Helper()
	return s.start(name, others[name], at)
}

func (s *scene) start(name string, o other, at place) *running {
	s.Helper()
	r := &running{s: s, o: o, at: at, unit: "t-" + name + at.netns, dir: s.TempDir()}
	for _, f := range r.o.files {
		r.write(f, "")
	}
	s.Cleanup(r.stop)
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("%s says:\n%s", r.unit, r.says())
		}
	})
	r.begin()
	return r
}

// begin starts it, with its lease table as it is.
func (r *running) begin() {
	r.s.Helper()
	r.write("config", r.words(r.o.config))
	argv := []string{
		"--quiet", "--collect", "--unit", r.unit, "--setenv=KEA_LOCKFILE_DIR=" + r.dir, "--setenv=KEA_DHCP_DATA_DIR=" + r.dir,
		"--property=RuntimeDirectory=kea", "nsenter", r.at.flag(), "--", r.o.program,
	}
	for _, a := range r.o.args {
		argv = append(argv, r.words(a))
	}
	must(r.s, "nsenter", r.at.flag(), "--", "ip", "neigh", "flush", "all") // other scenes had the addresses
	must(r.s, "systemd-run", argv...)
	eventually(r.s, 10*time.Second, r.unit+" listens", func() bool {
		return strings.Contains(try("nsenter", r.at.flag(), "--", "ss", "-Hlnpuw0").out, r.o.program)
	})
}

func (r *running) write(file, text string) {
	r.s.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, file), []byte(text), 0o644); err != nil {
		r.s.Fatal(err)
	}
}

func (r *running) words(text string) string {
	return strings.NewReplacer("DIR", r.dir, "NET", r.at.net, "TEN", r.at.ten).Replace(text)
}

// says is its log so far.
func (r *running) says() string { return r.s.logOf(r.unit, "cat") }

func (r *running) stop() { try("systemctl", "stop", r.unit) }

// has waits until its table has these addresses and no others: not so long that a
// lease which nobody has given back would be over.
func (r *running) has(addrs ...string) {
	r.s.Helper()
	want, got := strings.Join(addrs, " "), ""
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = strings.Join(r.o.table(r), " "); got == want {
			return
		}
	}
	r.s.Errorf("the lease table of %s has %q, want %q", r.unit, got, want)
}

// gone waits until it has said that it was given an address back.
func (r *running) gone(addr string) {
	r.s.Helper()
	if r.o.released == "" {
		return
	}
	said := strings.ReplaceAll(r.o.released, "ADDR", addr)
	eventually(r.s, 5*time.Second, r.unit+" says "+said, func() bool { return strings.Contains(r.says(), said) })
}
