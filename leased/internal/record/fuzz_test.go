// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// FuzzRecord: what is taken is written so that it is read as the same.
func FuzzRecord(f *testing.F) {
	for _, name := range goldens(f, "record") {
		f.Add(golden(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Record
		if json.Unmarshal(b, &r) != nil {
			return
		}
		out := encode(t, r)
		if again := decode[Record](t, out); !reflect.DeepEqual(again, r) || string(encode(t, again)) != string(out) {
			t.Errorf("%+v becomes %+v", r, again)
		}
	})
}

// FuzzMemo: as FuzzRecord; and after a reboot no time is before the boot.
func FuzzMemo(f *testing.F) {
	for _, name := range goldens(f, "memo") {
		f.Add(golden(f, name), int64(time.Hour))
	}
	f.Fuzz(func(t *testing.T, b []byte, ago int64) {
		var m Memo
		if json.Unmarshal(b, &m) != nil {
			return
		}
		out := encode(t, m)
		if again := encode(t, decode[Memo](t, out)); string(again) != string(out) {
			t.Errorf("%s becomes %s", out, again)
		}
		later := m.Written.Add(time.Duration(ago))
		_ = m.Over(later)
		r := m.Revived(now, later)
		if l := r.Lease; l.Addr.IsValid() && (l.Start != now || l.Expiry < now) {
			t.Errorf("%+v", l)
		}
		if r.IPv6 == nil {
			return
		}
		for _, a := range r.IPv6.Lease.Addrs {
			if min(a.Preferred, a.Valid) < clock.Instant(0) {
				t.Errorf("%+v", a)
			}
		}
	})
}
