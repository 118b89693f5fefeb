// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func symlink(t *testing.T, to, at string) {
	t.Helper()
	if err := os.RemoveAll(at); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

// No symlink in the image leads out of it, and none inside is written through.
func TestResolvConfStaysInTheRoot(t *testing.T) {
	b := newBundle(t)
	leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	outside := filepath.Join(t.TempDir(), "shadow")
	write(t, outside, "secret")
	root := filepath.Join(b.dir, "rootfs")
	shadow := filepath.Join(root, "etc/shadow")
	write(t, shadow, "the image's own secret")
	attach := func() {
		t.Helper()
		if code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook"})); code != 0 {
			t.Fatalf("%d %s", code, said)
		}
		b.ns.Run("ip", "link", "delete", "eth0")
		if read(t, outside) != "secret" || read(t, shadow) != "the image's own secret" {
			t.Fatal("a symlink was written through")
		}
	}
	resolv := filepath.Join(root, "etc/resolv.conf")
	for _, to := range []string{outside, "../../../../../../../../../.." + outside, "shadow", "/etc/shadow", "nowhere"} {
		symlink(t, to, resolv)
		attach()
		if info, err := os.Lstat(resolv); err != nil || !info.Mode().IsRegular() || read(t, resolv) != wantResolv {
			t.Errorf("symlink to %s: %v, %v", to, info, err)
		}
	}
	// /etc itself as a symlink out: resolved inside the root, where it leads nowhere.
	symlink(t, filepath.Dir(outside), filepath.Join(root, "etc"))
	if code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook"})); code != 0 {
		t.Errorf("%d %s", code, said)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(outside), "resolv.conf")); !os.IsNotExist(err) {
		t.Errorf("wrote beside %s: %v", outside, err)
	}
}

// The engine's own file is written in place, since it is mounted; what a user
// mounts there is left alone.
func TestResolvConfThatIsMounted(t *testing.T) {
	b := newBundle(t)
	leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	users, engines := filepath.Join(t.TempDir(), "resolv.conf"), filepath.Join(b.dir, "userdata/resolv.conf")
	write(t, users, "nameserver 198.51.100.1\n")
	write(t, engines, "nameserver 198.51.100.1\n")
	mount := func(source string) {
		b.config(specs.Spec{Root: &specs.Root{Path: "rootfs"}, Mounts: []specs.Mount{{Destination: "/etc/resolv.conf", Source: source}}})
	}
	for source, want := range map[string]string{users: "nameserver 198.51.100.1\n", engines: wantResolv} {
		mount(source)
		if code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook"})); code != 0 {
			t.Fatalf("%d %s", code, said)
		}
		b.ns.Run("ip", "link", "delete", "eth0")
		if got := read(t, source); got != want || b.resolvConf() != "" {
			t.Errorf("%s: %q, in the root %q", source, got, b.resolvConf())
		}
	}
	// In place means: no symlink there either.
	write(t, users, "secret")
	symlink(t, users, engines)
	mount(engines)
	if code, _ := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook"})); code == 0 || read(t, users) != "secret" {
		t.Errorf("%d, wrote through a symlink: %q", code, read(t, users))
	}
}

// The engine's file has the engine's id of the container in its path, or is in the bundle.
func TestEnginesFile(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("c1f0", 16)
	for name, tt := range map[string]struct {
		id, source, option string
		readOnlyRoot, want bool
	}{
		"Podman's":                {id: long, source: "/run/containers/storage/overlay-containers/" + long + "/userdata/resolv.conf", want: true},
		"the bundle's":            {id: "web", source: "/bundle/resolv.conf", want: true},
		"a read-only container's": {id: "web", source: "/bundle/resolv.conf", option: "ro", readOnlyRoot: true, want: true},
		"read-only":               {id: "web", source: "/bundle/resolv.conf", option: "ro"},
		"Podman's hosts":          {id: long, source: "/run/containers/storage/overlay-containers/" + long + "/userdata/hosts"},
		"another container's":     {id: long, source: "/run/containers/storage/overlay-containers/" + long + "0/resolv.conf"},
		"the host's, by its name": {id: "resolve", source: "/run/systemd/resolve/resolv.conf"},
		"a word in the path":      {id: "data", source: "/srv/data/resolv.conf"},
		"out of the bundle":       {id: "web", source: "/bundle/../etc/resolv.conf"},
		"beside the bundle":       {id: "web", source: "/bundles/resolv.conf"},
		"below /etc":              {id: long, source: "/etc/" + long + "/resolv.conf"},
		"below /run/systemd":      {id: long, source: "/run/systemd/" + long + "/resolv.conf"},
	} {
		c := container{specs.State{ID: tt.id, Bundle: "/bundle"}}
		m := &specs.Mount{Source: tt.source, Options: []string{"rbind", tt.option}}
		if got := c.isEngines(m, &specs.Spec{Root: &specs.Root{Readonly: tt.readOnlyRoot}}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// leased is told which file was written, and nothing where none was.
func TestLeasedKnowsTheFile(t *testing.T) {
	b := newBundle(t)
	leased := leaseapitest.New(t, leaseapitest.Old(leaseapitest.Grants(lease)))
	engines := filepath.Join(b.dir, "userdata/resolv.conf")
	write(t, engines, "")
	inRoot := filepath.Join(b.dir, "rootfs/etc/resolv.conf")
	link := filepath.Join(t.TempDir(), "bundle")
	symlink(t, b.dir, link)
	b.dir = link
	root := &specs.Root{Path: "rootfs"}
	for path, spec := range map[string]specs.Spec{
		engines: {Root: root, Mounts: []specs.Mount{{Destination: "/etc/resolv.conf", Source: filepath.Join(link, "userdata/resolv.conf")}}},
		inRoot:  {Root: root},
	} {
		b.config(spec)
		if code, said := hook("createRuntime", b.state(map[string]string{"io.leased.bridge": "br-hook"})); code != 0 {
			t.Fatalf("%d %s", code, said)
		}
		b.ns.Run("ip", "link", "delete", "eth0")
		call := leased.Next(leaseapi.MethodNoteResolvConf)
		var got leaseapi.NoteResolvConfRequest
		if err := json.Unmarshal(call.Parameters, &got); err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		want := leaseapi.NoteResolvConfRequest{ContainerID: "c1", Owner: got.Owner, Path: path, Device: uint64(st.Dev), Inode: st.Ino}
		if got.Owner == "" || got != want || !call.OneWay {
			t.Errorf("leased was told %+v (one way: %v), want %+v", got, call.OneWay, want)
		}
	}
	for name, annotations := range map[string]map[string]string{
		"servers of the user's": {"io.leased.bridge": "br-hook", "io.leased.dns": "192.0.2.7"},
		"no servers":            {"io.leased.bridge": "br-hook", "io.leased.dns": "none"},
	} {
		if code, said := hook("createRuntime", b.state(annotations)); code != 0 {
			t.Fatalf("%d %s", code, said)
		}
		b.ns.Run("ip", "link", "delete", "eth0")
		for len(leased.Calls) > 0 {
			if call := <-leased.Calls; call.Method == leaseapi.MethodNoteResolvConf {
				t.Errorf("%s: leased was told %s", name, call.Parameters)
			}
		}
	}
}
