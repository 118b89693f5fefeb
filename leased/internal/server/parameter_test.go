// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"reflect"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/request"
)

func TestInvalidParameterIsNamedToThePeer(t *testing.T) {
	t.Parallel()
	peer := start(t, &leases{}, limits{}).dial()
	for name, change := range map[string]func(r *leaseapi.AcquireRequest){
		"attachment.containerId": func(r *leaseapi.AcquireRequest) { r.Attachment.ContainerID = "" },
		"link.mac":               func(r *leaseapi.AcquireRequest) { r.Link.MAC = "02" },
		"client.duid":            func(r *leaseapi.AcquireRequest) { r.Client.DUID = "0g" },
		"policy.timeoutMs":       func(r *leaseapi.AcquireRequest) { r.Policy.TimeoutMS = 0 },
	} {
		peer.acquire(asked(change))
		peer.want(`{"parameters":{"parameter":"` + name + `"},"error":"org.varlink.service.InvalidParameter"}`)
	}
}

// FuzzAcquire: what passes is within bounds, and says the same when it is said again.
func FuzzAcquire(f *testing.F) {
	good, _ := json.Marshal(asked())
	f.Add(good)
	f.Add([]byte(`{"attachment":{"containerId":"\ud800"},"policy":{"timeoutMs":288230376151711744}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, again leaseapi.AcquireRequest
		if err := decode(leaseapi.Call{Parameters: b}, &r); err != nil {
			_ = parameter(err)
			return
		}
		if _, err := request.Parse(r); err != nil {
			return
		}
		if r.Policy.TimeoutMS <= 0 || r.Policy.TimeoutMS > 600_000 || len(r.Link.MAC) < 12 || r.Attachment.ContainerID == "" {
			t.Errorf("%+v", r)
		}
		out, err := json.Marshal(r)
		if err != nil || decode(leaseapi.Call{Parameters: out}, &again) != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%+v becomes %+v", r, again)
		}
	})
}
