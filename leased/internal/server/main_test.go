// SPDX-License-Identifier: Apache-2.0

package server

import (
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// Whoever runs the tests is uid 0 in a namespace of testlan's, as callers have to be.
func TestMain(m *testing.M) { testlan.Main(m) }
