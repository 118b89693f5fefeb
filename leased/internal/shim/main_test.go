// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"testing"

	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }
