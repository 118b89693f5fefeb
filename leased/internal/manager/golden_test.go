// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// golden reads a file that leased wrote when its manager still wrote its own types; nil:
// there is no such file.
func golden(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "record", "testdata", name+".json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return b
}

// tree is JSON with its numbers as they are written.
func tree(t *testing.T, b []byte) (v map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %.200s", err, b)
	}
	return v
}

// wantGolden wants that the only file in a store says what a golden file says. A member
// in but may be absent.
func (w *world) wantGolden(s *memory, name string) {
	w.t.Helper()
	got, want := tree(w.t, s.only(w.t)), tree(w.t, golden(w.t, name))
	for _, member := range slices.Sorted(maps.Keys(want)) {
		is := got[member]
		delete(got, member)
		if !reflect.DeepEqual(is, want[member]) {
			w.t.Errorf("%s: %s is\n  %v, want\n  %v", name, member, is, want[member])
		}
	}
	if len(got) > 0 {
		w.t.Errorf("%s: and %v", name, got)
	}
}

func (s *memory) only(t *testing.T) []byte {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.records {
		if len(s.records) == 1 {
			return b
		}
	}
	t.Fatalf("%d files", len(s.records))
	return nil
}

// scenes make the attachments of the golden files again. Each begins 100 s after the boot.
var scenes = map[string]func(w *world){
	"bound":    func(w *world) { w.acquire(w.container(9)) },
	"never":    func(w *world) { w.acquire(w.under("never", 4)) },
	"infinite": func(w *world) { w.server.set(grant(0)); w.acquire(w.container(5)) },
	"infinite-never-held": func(w *world) {
		w.server.set(grant(0))
		w.held(w.under("never", 5))
	},
	"held": func(w *world) {
		req := w.request(w.numbered(2, 7))
		req.Policy.Release = "20s"
		w.held(req)
	},
	"waiting": func(w *world) {
		w.server.set(silent)
		req := w.container(3)
		req.Policy.OnTimeout = "continue"
		_, _, _ = w.m.Acquire(context.Background(), req)
	},
	"refused": func(w *world) {
		w.acquire(w.container(6))
		w.server.set(refuse)
		w.pass(30 * time.Minute)
	},
	"auto":      func(w *world) { w.acquire(w.beside(router6{managed: true, dns: rdnss}, "auto")) },
	"stateless": func(w *world) { w.acquire(w.beside(router6{other: true, prefix: prefix6, dns: rdnss}, "auto")) },
	"slaac":     func(w *world) { w.acquire(w.beside(router6{prefix: prefix6, dns: rdnss}, "slaac")) },
	"only":      func(w *world) { w.acquire(w.beside(router6{managed: true, dns: rdnss}, "only")) },
	"auto-held": func(w *world) {
		req := w.beside(router6{managed: true, dns: rdnss}, "auto")
		req.Policy.Release = "20s"
		w.acquire(req)
		w.pass(5 * time.Second)
		w.release(req.Attachment)
	},
}

func (w *world) held(req leaseapi.AcquireRequest) {
	w.acquire(req)
	w.release(req.Attachment)
}

// beside is a request for IPv6 on a LAN with a router.
func (w *world) beside(r router6, mode string) leaseapi.AcquireRequest {
	w.kernel.six.router = &r
	return w.container6(1, mode)
}

// Today's files are as the older leased wrote them, so that it adopts them after a
// downgrade. SLAAC's memo is not compared: it is of the time of IPv4's answer, which may
// come before the router's or after it.
func TestFilesAreThoseOfTheOlderLeased(t *testing.T) {
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				scene(w)
				w.m.memory.Flush()
				w.wantGolden(w.store, "record-"+name)
				if golden(t, "memo-"+name) != nil && name != "slaac" {
					w.wantGolden(w.memory, "memo-"+name)
				}
			})
		})
	}
}
