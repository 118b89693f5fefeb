// SPDX-License-Identifier: Apache-2.0

package netavark

import (
	"reflect"
	"strings"
	"testing"

	"github.com/containers/common/libnetwork/types"

	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

// What Exec leaves out may be left out; what it has is as Podman has it.
func TestExecIsPartOfPodmansTypes(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[ExecNetwork](): reflect.TypeFor[types.Network](),
		reflect.TypeFor[ExecOptions](): reflect.TypeFor[types.PerNetworkOptions](),
	} {
		have := fields(theirs)
		for key, kind := range fields(ours) {
			if have[key] != kind {
				t.Errorf("%s: %s is %v, Podman's %v", ours, key, kind, have[key])
			}
		}
	}
}

func fields(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all[key] = t.Field(i).Type
	}
	return all
}
