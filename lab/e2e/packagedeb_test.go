// SPDX-License-Identifier: Apache-2.0

//go:build lab && packages

package e2e

import (
	"os"
	"regexp"
	"testing"
)

var deb = format{
	kind:    "deb",
	install: []string{"apt-get", "install", "-y"},
	// The same version, too, as TestPackageDeb's last upgrade is.
	upgrade:   []string{"apt-get", "install", "-y", "--reinstall"},
	downgrade: []string{"apt-get", "install", "-y", "--allow-downgrades"},
	remove:    []string{"apt-get", "remove", "-y"},
	purge:     []string{"apt-get", "purge", "-y"},
	enables:   true,
	state: []string{
		"/run/leased", "/var/lib/leased",
		// An administrator's choice to have the socket or not, which Debian keeps.
		"/etc/systemd/system/sockets.target.wants/leased.socket",
		"/var/lib/systemd/deb-systemd-helper-enabled/leased.service.dsh-also",
		"/var/lib/systemd/deb-systemd-helper-enabled/leased.socket.dsh-also",
		"/var/lib/systemd/deb-systemd-helper-enabled/sockets.target.wants/leased.socket",
	},
}

func TestPackageDeb(t *testing.T)     { packageLife(t, deb) }
func TestPackageDebSkew(t *testing.T) { packageSkew(t, deb) }

// In the words of dpkg until Debian 13, and since.
var saysPrerm = regexp.MustCompile(`pre-removal script|prerm maintainer script`)

// A removal of the hook that does not come about leaves the hook as it was.
func TestPackageDebHookStays(t *testing.T) {
	before := listing()
	t.Cleanup(func() { deb.gone(t) })
	l := &life{scene: begin(t), format: deb}
	l.installs(t, older, mainPackage, hookPackage)
	with := listing()
	const prerm = "/var/lib/dpkg/info/" + hookPackage + ".prerm"
	script, err := os.ReadFile(prerm)
	if err == nil {
		err = os.WriteFile(prerm, []byte(string(script)+"exit 1\n"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := try("apt-get", "remove", "-y", hookPackage)
	if r.code == 0 || !saysPrerm.MatchString(r.out+r.err) {
		t.Errorf("prerm ends with 1, and the removal so: %v", r)
	}
	l.left(with)
	l.run("", hookWay...)
	l.clear()
	if err := os.WriteFile(prerm, script, 0o755); err != nil {
		t.Fatal(err)
	}
	l.removes(t, hookPackage, mainPackage)
	l.nothing(before)
}
