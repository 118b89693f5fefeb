// SPDX-License-Identifier: Apache-2.0

package netavark

import (
	"bytes"
	"encoding/json"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/containers/common/libnetwork/types"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
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
			if kind == reflect.TypeFor[HardwareAddr]() {
				kind = reflect.TypeFor[types.HardwareAddr]() // text, both of them
			}
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

// Podman reads our StatusBlock, and would write it as we do.
func TestStatusIsPodmans(t *testing.T) {
	t.Parallel()
	p := netip.MustParsePrefix
	a := netip.MustParseAddr
	full := leaseapi.Lease{
		Address: p("192.0.2.7/24"), Gateway: a("192.0.2.1"), DNS: []netip.Addr{a("192.0.2.1"), a("2001:db8::1")}, Search: []string{"lan"},
		IPv6: []leaseapi.Address6{{Address: p("2001:db8::7/64")}, {Address: p("2001:db8::8/128")}}, Gateway6: a("fe80::1"),
	}
	for name, lease := range map[string]*leaseapi.Lease{"full": &full, "address": {Address: p("192.0.2.7/32")}, "none": nil} {
		w := wanted.Interface{Attachment: leaseapi.Attachment{Interface: "eth0"}, Options: options.Options{DNS: "dhcp"}}
		ours, err := json.Marshal(Status(w, net.HardwareAddr{2, 0, 0, 0, 0, 9}, lease))
		if err != nil {
			t.Fatal(err)
		}
		var theirs types.StatusBlock
		d := json.NewDecoder(bytes.NewReader(ours))
		d.DisallowUnknownFields()
		if err := d.Decode(&theirs); err != nil {
			t.Errorf("%s: %v in %s", name, err, ours)
		}
		if again, err := json.Marshal(theirs); err != nil || !bytes.Equal(again, ours) {
			t.Errorf("%s\n  %s, where Podman writes\n  %s, %v", name, ours, again, err)
		}
	}
}

func TestHardwareAddr(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{`"02:00:00:00:00:01"`: true, `""`: true, `null`: true, `"x"`: false, `7`: false} {
		var ours HardwareAddr
		var theirs types.HardwareAddr
		err, same := json.Unmarshal([]byte(text), &ours), json.Unmarshal([]byte(text), &theirs)
		if good != (err == nil) || !bytes.Equal(ours, theirs) {
			t.Errorf("%s: %v, %v; Podman's %v, %v", text, ours, err, theirs, same)
		}
	}
}
