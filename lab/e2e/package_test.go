// SPDX-License-Identifier: Apache-2.0

//go:build lab && packages

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// format is a kind of package, with the ways of its package manager.
type format struct {
	kind      string   // deb or rpm, the ending of the files
	install   []string // and files
	upgrade   []string // and files
	downgrade []string // and files
	remove    []string // and names of packages
	purge     []string // and names; none where there is no such thing
	enables   bool     // an installation enables the socket
	state     []string // what a removal leaves: paths, and all below them
}

// The packages, and their two versions.
const (
	mainPackage, hookPackage = "podman-net-dhcp", "podman-net-dhcp-hook"
	older, newer             = "1.0.0", "2.0.0"
)

func (f format) file(t testing.TB, version, name string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(labTools, "packages", version, name+"?"+version+"*64."+f.kind))
	if err != nil || len(all) != 1 {
		t.Fatalf("the %s packages %s of version %s: %v, %v", f.kind, name, version, all, err)
	}
	return all[0]
}

func (f format) installs(t testing.TB, version string, names ...string) {
	t.Helper()
	f.put(t, f.install, version, names)
}

func (f format) upgrades(t testing.TB, version string) {
	t.Helper()
	f.put(t, f.upgrade, version, []string{mainPackage, hookPackage})
}

func (f format) put(t testing.TB, command []string, version string, names []string) {
	t.Helper()
	for _, name := range names {
		command = append(command[:len(command):len(command)], f.file(t, version, name))
	}
	must(t, command[0], command[1:]...)
}

func (f format) removes(t testing.TB, names ...string) {
	t.Helper()
	must(t, f.remove[0], append(f.remove[1:len(f.remove):len(f.remove)], names...)...)
}

// life is one format's packages in a machine that has never had them, with containers
// of both ways in that outlive an upgrade and a removal.
type life struct {
	*scene
	format
	network string
	plain   *container        // by the plugin
	hooked  *container        // by the hook
	macs    map[string]string // of both, and their addresses
}

// packageLife takes a format's packages through all that happens to packages.
func packageLife(t *testing.T, f format) {
	// Any distribution has these; the lab's has been emptied of them.
	must(t, "mkdir", "-p", "/usr/share/man/man5", "/usr/share/man/man7", "/usr/share/man/man8", "/usr/share/licenses")
	// A host without it gets its directory from our packages.
	try("dpkg", "--purge", "network-manager")
	before := listing()
	t.Cleanup(func() { f.gone(t) })
	l := &life{scene: begin(t), format: f}
	l.server(renewing("2", "3")...)
	l.installed(before)
	l.idle()
	l.inUse()
	l.upgraded()
	l.removed(before)
	l.again()
	l.clear()
	l.stays()
	f.removes(t, hookPackage, mainPackage)
	l.left(before)
	l.nothing(before)
}

// gone removes the packages of a test that has failed halfway, for the next one.
func (f format) gone(t testing.TB) {
	for _, command := range [][]string{f.remove, f.purge} {
		if len(command) > 0 && t.Failed() {
			try(command[0], append(command[1:len(command):len(command)], hookPackage, mainPackage)...)
		}
	}
}

// installed installs both and compares all that is new in the machine.
func (l *life) installed(before map[string]string) {
	l.Helper()
	l.installs(l, older, mainPackage)
	first := listing()
	l.installs(l, older, hookPackage)
	l.golden(newLines(before, first, mainPackage), newLines(first, listing(), hookPackage))
}

// idle: the socket is there, and leased does not run.
func (l *life) idle() {
	l.Helper()
	if !l.enables {
		equal(l, "the socket", try("systemctl", "is-active", "leased.socket").out, "inactive")
		must(l, "systemctl", "enable", "--now", "leased.socket")
	}
	equal(l, "the socket", must(l, "systemctl", "is-enabled", "leased.socket")+" "+must(l, "systemctl", "is-active", "leased.socket"), "enabled active")
	equal(l, "leased's process", leasedPID(l), "0")
}

// inUse starts the containers, with the older version.
func (l *life) inUse() {
	l.Helper()
	l.starts()
	l.runsAs(older)
}

func (l *life) starts() {
	l.Helper()
	l.network = l.bridge()
	l.plain = l.run("plain", "--network", l.network)
	l.hooked = l.run("hooked", hookWay...)
	e, st := l.plain.bound(l.network, "eth0"), l.lease(l.hooked.inspect().ID, "eth0")
	if st == nil {
		l.Fatal("leased has no lease by the hook")
	}
	l.macs = map[string]string{e.MacAddress: e.IPAddress, st.Link.MAC: bare(*st)}
}

var hookWay = []string{"--network", "none", "--annotation", "io.leased.bridge=br0", "--annotation", "io.leased.release=now"}

// runsAs checks which leased runs: that of the file, and of the version.
func (l *life) runsAs(version string) {
	l.Helper()
	equal(l, "leased's version", must(l, "/proc/"+leasedPID(l)+"/exe", "--version"), "leased version "+version)
	exe, err := os.Stat("/proc/" + leasedPID(l) + "/exe")
	file, err2 := os.Stat("/usr/libexec/leased/leased")
	if err != nil || err2 != nil || !os.SameFile(exe, file) {
		l.Errorf("leased is not what is in /usr/libexec/leased: %v, %v", err, err2)
	}
}

// upgraded upgrades both while containers start, and talk.
func (l *life) upgraded() {
	l.Helper()
	pid, socket := leasedPID(l), listening(l)
	talks := []*talk{l.talk(l.plain.pid()), l.talk(l.hooked.pid())}
	whileStarting(l.scene, func() { l.upgrades(l, newer) },
		[]string{"--network", l.network}, hookWay, []string{"--network", "none"})
	for _, talk := range talks {
		talk.wasWhole()
	}
	waitLeased(l, pid)
	l.runsAs(newer)
	equal(l, "the listening socket", listening(l), socket)
	l.addressesStay()
	l.allRenew(l.macs)
}

// addressesStay: in the kernel and on the LAN they are as at first.
func (l *life) addressesStay() {
	l.Helper()
	for _, c := range []*container{l.plain, l.hooked} {
		eth0 := c.link("eth0")
		addr := l.macs[eth0.Address]
		equal(l, "the addresses of "+c.name, eth0.ipv4(), []string{addr + "/24"})
		ping(l, addr)
	}
}

// removed removes both under running containers.
func (l *life) removed(before map[string]string) {
	l.Helper()
	other := l.run("other", "--network", l.network)
	process := other.pid()
	order := watchHook(l)
	whileStarting(l.scene, func() { l.removes(l, hookPackage, mainPackage) }, []string{"--network", "none"}, []string{"--network", "none"})
	order.programLast()
	l.addressesStay()
	l.left(before)
	equal(l, "leased's process", leasedPID(l), "0")
	// Podman misses the plugin and says so, and the container ends all the same.
	try("podman", "stop", "-t", "0", other.name)
	equal(l, "the container's process is there", exists(fmt.Sprintf("/proc/%d", process)), false)
	must(l, "podman", "rm", other.name)
}

// again installs both once more, and what still runs is adopted.
func (l *life) again() {
	l.Helper()
	l.installs(l, newer, mainPackage, hookPackage)
	if !l.enables {
		must(l, "systemctl", "enable", "--now", "leased.socket")
	}
	waitLeased(l, "0")
	l.runsAs(newer)
	l.addressesStay()
	l.allRenew(l.macs)
	equal(l, "the number of leases", len(leases(l)), len(l.macs))
}

// stays: leased that does not run is not started by an upgrade, and its socket stays.
func (l *life) stays() {
	l.Helper()
	must(l, "systemctl", "stop", "leased.service")
	socket := listening(l)
	l.upgrades(l, newer)
	equal(l, "the listening socket", listening(l), socket)
	equal(l, "leased's process", leasedPID(l), "0")
}
