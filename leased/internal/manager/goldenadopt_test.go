// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/record"
)

// adopt has leased start with a golden file on disk, and the container of the file there.
func (w *world) adopt(name string, memo bool) {
	w.t.Helper()
	var r record.Record
	b := golden(w.t, name)
	if err := json.Unmarshal(b, &r); err != nil {
		w.t.Fatal(err)
	}
	l := r.Request.Link
	at := kernel.Place{Netns: l.Netns, Cookie: r.Cookie, Number: r.Number, Index: l.Index, MAC: l.MAC}
	w.kernel.six.server = newServer6()
	if w.kernel.add(at); r.IPv6 != nil {
		w.kernel.with(func(k *fakeKernel) { k.configured(at, &r) })
	}
	err := w.restart(func() {
		if memo {
			w.memory.records[r.Request.ClientKey()] = b
			return
		}
		w.store.records[r.Request.Attachment.Key()] = b
	})
	if err != nil {
		w.t.Error(err)
	}
}

// configured has the addresses of a record in the kernel; it needs the mutex.
func (k *fakeKernel) configured(at kernel.Place, r *record.Record) {
	s := k.of(at.Netns)
	s.LinkLocal, s.Advertised = netip.MustParseAddr("fe80::1:2"), true
	if r.IPv6.Bound == nil {
		return
	}
	for _, a := range r.IPv6.Bound.Addrs {
		s.Addrs = append(s.Addrs, binding.Addr6{Prefix: netip.PrefixFrom(a.Addr, 128), Preferred: a.Preferred, Valid: a.Valid, Usable: true})
	}
}

// The files of the older leased are adopted as they are, and life goes on.
func TestFilesOfTheOlderLeasedAreAdopted(t *testing.T) {
	look, half := []string{"look6"}, 30*time.Minute
	renewed, released := []string{"REQUEST unicast"}, []string{"RELEASE frame 192.0.2.2 to 192.0.2.1 02:ff:00:00:00:01"}
	for name, tt := range map[string]struct {
		state  string
		calls  []string // of the kernel
		later  time.Duration
		heard  []string // until then
		heard6 []string
	}{
		"record-bound":               {"BOUND", nil, half, renewed, nil},
		"memo-bound":                 {"BOUND", nil, half, renewed, nil},
		"record-never":               {"BOUND", nil, half, renewed, nil},
		"memo-never":                 {"BOUND", nil, half, renewed, nil},
		"record-infinite":            {"BOUND", nil, 1000 * time.Hour, nil, nil},
		"memo-infinite":              {"BOUND", nil, 1000 * time.Hour, nil, nil},
		"record-held":                {"HELD", nil, 20 * time.Second, released, nil},
		"memo-held":                  {"BOUND", nil, half, renewed, nil},
		"record-infinite-never-held": {"HELD", nil, 1000 * time.Hour, nil, nil},
		"record-auto":                {"BOUND", look, time.Second, nil, []string{"CONFIRM by dhcp6"}},
		"memo-auto":                  {"BOUND", look, time.Second, nil, []string{"CONFIRM by dhcp6"}},
		"record-auto-held":           {"HELD", nil, 25 * time.Second, []string{"RELEASE frame 192.0.2.10 to 192.0.2.1 02:ff:00:00:00:01"}, []string{"RELEASE by dhcp6"}},
		"record-slaac":               {"BOUND", look, time.Second, nil, nil},
		"record-stateless":           {"BOUND", look, time.Second, nil, []string{"INFORMATION-REQUEST by dhcp6"}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				memo := name[0] == 'm'
				w.adopt(name, memo)
				w.wantHeard()
				w.wantHeard6()
				w.wantCalls(tt.calls...)
				w.wantState(tt.state)
				on := w.store
				if memo {
					on = w.memory
				}
				w.wantGolden(on, name)
				w.pass(tt.later - time.Second)
				w.wantHeard()
				w.pass(time.Second)
				w.wantHeard(tt.heard...)
				w.wantHeard6(tt.heard6...)
			})
		})
	}
}
