// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"slices"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

func TestAppendNew(t *testing.T) {
	t.Parallel()
	if got := leaseapi.AppendNew([]string{"lan", "b"}, []string{"a", "b", "a", "lan", "c"}); !slices.Equal(got, []string{"lan", "b", "a", "c"}) {
		t.Errorf("%q", got)
	}
	if got := leaseapi.AppendNew[string](nil, nil); got != nil {
		t.Errorf("%q", got)
	}
}
