// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// golden reads a file that leased wrote when its manager still wrote its own types.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func goldens(t testing.TB, kind string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/" + kind + "-*.json")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%q, %v", paths, err)
	}
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".json"))
	}
	return names
}

// tree is JSON with its numbers as they are written.
func tree(t testing.TB, b []byte) (v map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func decode[T any](t testing.TB, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What was on disk is read, and written as it was: for an upgrade and a downgrade.
func TestFilesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, name := range goldens(t, "record") {
		b := golden(t, name)
		if got, want := tree(t, encode(t, decode[Record](t, b))), tree(t, b); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n%v, want\n%v", name, got, want)
		}
	}
	for _, name := range goldens(t, "memo") {
		b := golden(t, name)
		m := decode[Memo](t, b)
		for _, v := range []any{m, &m} {
			if got, want := tree(t, encode(t, v)), tree(t, b); !reflect.DeepEqual(got, want) {
				t.Errorf("%s\n%v, want\n%v", name, got, want)
			}
		}
	}
}

// Each field of the domain is on disk.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"record", "memo"} {
		for _, name := range goldens(t, kind) {
			r := decode[Record](t, golden(t, name))
			if got := decode[Record](t, encode(t, r)); !reflect.DeepEqual(got, r) {
				t.Errorf("%s: %+v, want %+v", name, got, r)
			}
		}
	}
	r := decode[Record](t, golden(t, "record-rich"))
	r.Number, r.Inode, r.Held, r.Until = 7, 4026532200, true, 120
	r.File = &resolv.File{Path: "/bundle/rootfs/etc/resolv.conf", Device: 7, Inode: 8}
	for i, v := 0, reflect.ValueOf(r); i < v.NumField(); i++ {
		if f := v.Type().Field(i).Name; v.Field(i).IsZero() && f != "Waiting" && f != "Making" {
			t.Errorf("%s has no value here", f)
		}
	}
	if got := decode[Record](t, encode(t, r)); !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, want %+v", got, r)
	}
}

func TestRecordSaysWhatItSaid(t *testing.T) {
	t.Parallel()
	held := decode[Record](t, golden(t, "record-held"))
	if !held.Held || held.Until != clock.Instant(120*time.Second) || held.Number != 7 || held.Cookie != 1002 ||
		held.Bound.Addr.IsValid() || held.Lease.Addr.String() != "192.0.2.2/24" || held.ServerMAC.String() != "02:ff:00:00:00:01" ||
		held.Request.Policy.Release != (request.Release{Grace: 20 * time.Second}) {
		t.Errorf("%+v", held)
	}
	waiting := decode[Record](t, golden(t, "record-waiting"))
	if !waiting.Waiting || waiting.Held || waiting.Lease.Addr.IsValid() || waiting.Request.Policy.OnTimeout != request.Continue {
		t.Errorf("%+v", waiting)
	}
	if making := decode[Record](t, golden(t, "record-making")); !making.Making || !making.Waiting {
		t.Errorf("%+v", making)
	}
	auto := decode[Record](t, golden(t, "record-auto"))
	if v := auto.IPv6; v == nil || v.Bound == nil || len(v.Lease.Addrs) != 1 || len(v.Bound.Addrs) != 1 || len(v.Routers.Servers) != 1 {
		t.Errorf("%+v", auto)
	}
	if infinite := decode[Record](t, golden(t, "record-infinite")); infinite.Lease.Expiry != clock.Never || infinite.Lease.T1 != clock.Never {
		t.Errorf("%+v", infinite)
	}
	m := decode[Memo](t, golden(t, "memo-bound"))
	if m.BootID != "boot-1" || m.Expires.Sub(m.Written) != time.Hour || m.At != clock.Instant(100*time.Second) || m.Waiting {
		t.Errorf("%+v", m)
	}
}
