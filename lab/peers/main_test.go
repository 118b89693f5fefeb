// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"testing"

	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
