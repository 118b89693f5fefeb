// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"strings"
	"testing"

	"podman-net-dhcp/leased/internal/request"
)

// A record says how leased has made the link, and an older one says nothing of it.
func TestMadeIsOnDisk(t *testing.T) {
	t.Parallel()
	var r Record
	if err := json.Unmarshal(golden(t, "record-bound"), &r); err != nil || r.Request.Link.IsMade() {
		t.Fatalf("%+v, %v", r.Request.Link, err)
	}
	for _, made := range []request.Made{
		{Kind: request.Veth, Isolate: true}, {Kind: request.Bridge, MTU: 1400}, {Kind: request.Bridge, Shim: request.Shim{192, 0, 2, 9}}, {Kind: request.Bridge, Shim: request.ShimDHCP}, {Kind: request.Private}, {Kind: request.VEPA}, {Kind: request.Passthru},
	} {
		r.Request.Link.Made = made
		b, err := json.Marshal(r)
		var back Record
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || back.Request.Link.Made != made {
			t.Errorf("%+v came back as %+v, %v", made, back.Request.Link.Made, err)
		}
		for _, wrong := range []string{`"kind":"tap"`, `"kind":"veth","shim":"2001:db8::9"`, `"kind":"veth","mtu":65536`} {
			bad := strings.Replace(string(b), `"kind":"`+made.Kind.String()+`"`, wrong, 1)
			if made.MTU == 0 && made.Shim == (request.Shim{}) && json.Unmarshal([]byte(bad), &back) == nil {
				t.Errorf("%s is taken", wrong)
			}
		}
	}
}
