// SPDX-License-Identifier: Apache-2.0

//go:build lab && packages

package e2e

import "testing"

// Fedora's names of what the packages need are not there: --nodeps.
var rpm = format{
	kind:    "rpm",
	install: []string{"rpm", "--install", "--nodeps"},
	// The same version, too, as TestPackageRPM's last upgrade is.
	upgrade:   []string{"rpm", "--upgrade", "--replacepkgs", "--nodeps"},
	downgrade: []string{"rpm", "--upgrade", "--oldpackage", "--nodeps"},
	remove:    []string{"rpm", "--erase"},
	state:     []string{"/run/leased", "/var/lib/leased"},
}

func TestPackageRPM(t *testing.T)     { packageLife(t, rpm) }
func TestPackageRPMSkew(t *testing.T) { packageSkew(t, rpm) }
