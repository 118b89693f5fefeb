// SPDX-License-Identifier: Apache-2.0

//go:build lab && packages

package e2e

import (
	"path/filepath"
	"testing"
)

// before is the version of the packages of an earlier tree, if lab/e2e/run has made them.
const before = "0.9.0"

// packageSkew upgrades from an earlier tree's packages, goes back, and upgrades again, under
// containers that run and under starts that wait for the server meanwhile. Without packages of
// an earlier tree it does so with this tree's.
func packageSkew(t *testing.T, f format) {
	from := before
	if all, _ := filepath.Glob(filepath.Join(labTools, "packages", before)); len(all) == 0 {
		from = older
	}
	t.Cleanup(func() { f.gone(t) })
	l := &life{scene: begin(t), format: f}
	l.server(renewing("2", "3")...)
	l.installs(l, from, mainPackage, hookPackage)
	l.idle()
	l.starts()
	l.runs(from)
	l.changes(newer, f.upgrade, true)
	l.changes(from, f.downgrade, false)
	l.changes(newer, f.upgrade, false)
	l.clear()
	f.removes(t, hookPackage, mainPackage)
	if len(f.purge) > 0 {
		must(t, f.purge[0], append(f.purge[1:len(f.purge):len(f.purge)], hookPackage, mainPackage)...)
	}
}

// runs checks the version of the leased that runs.
func (l *life) runs(version string) {
	l.Helper()
	equal(l, "leased's version", must(l, "/proc/"+leasedPID(l)+"/exe", "--version"), "leased version "+version)
}

// changes puts a version in the place of another, under starts by the hook and, if others do
// not start meanwhile, by the plugin: Podman has one start by netavark at a time.
func (l *life) changes(version string, command []string, othersStart bool) {
	l.Helper()
	pid, socket := leasedPID(l), listening(l)
	talks := []*talk{l.talk(l.plain.pid()), l.talk(l.hooked.pid())}
	put := func() { l.put(l, command, version, []string{mainPackage, hookPackage}) }
	starts := []*delayed{l.delay("late-hook", "02:00:5e:00:00:71", l.hookWith)}
	if !othersStart {
		starts = append(starts, l.delay("late-plugin", "02:00:5e:00:00:72", l.pluginWith))
	}
	l.ignoring(starts)
	for _, d := range starts {
		d.begin()
	}
	if othersStart {
		whileStarting(l.scene, put, []string{"--network", l.network}, []string{"--network", "none"})
	} else {
		put()
	}
	waitLeased(l, pid)
	l.runs(version)
	l.server(renewing("2", "3")...)
	for _, d := range starts {
		d.succeeds()
	}
	for _, talk := range talks {
		talk.wasWhole()
	}
	equal(l, "the listening socket", listening(l), socket)
	l.addressesStay()
	l.allRenew(l.macs)
}

// delayed is a container whose start waits for the server, which does not answer its MAC yet.
type delayed struct {
	*container
	mac   string
	args  []string
	ended chan result
}

func (l *life) delay(name, mac string, way func(name, mac string) []string) *delayed {
	name = l.name + "-" + name
	return &delayed{container: &container{l.scene, name}, mac: mac, args: way(name, mac)}
}

// lateTimeout is more than a change of the packages takes.
const lateTimeout = "30s"

func (l *life) hookWith(name, mac string) []string {
	args := hookWay[:len(hookWay):len(hookWay)]
	for key, value := range map[string]string{"mac": mac, "name": name, "lease_timeout": lateTimeout} {
		args = append(args, "--annotation", "io.leased."+key+"="+value)
	}
	return args
}

func (l *life) pluginWith(_, mac string) []string {
	return []string{"--network", l.bridge("lease_timeout="+lateTimeout) + ":mac=" + mac}
}

// ignoring has the server leave those MACs alone.
func (l *life) ignoring(starts []*delayed) {
	l.Helper()
	args := renewing("2", "3")
	for _, d := range starts {
		args = append(args, "--dhcp-host="+d.mac+",ignore")
	}
	l.server(args...)
}

func (d *delayed) begin() {
	d.s.Helper()
	_, d.ended = d.s.waiting(d.container, d.args...)
}

// succeeds waits for the start's end, checks that the container has the one address that the
// server gave it, and removes the container.
func (d *delayed) succeeds() {
	d.s.Helper()
	if r := <-d.ended; r.code != 0 {
		d.s.Errorf("the start of %s that was under way: %v", d.name, r)
		return
	}
	equal(d.s, "the addresses of "+d.name, d.link("eth0").ipv4(), []string{table(d.s)[d.mac].addr + "/24"})
	d.remove()
}
