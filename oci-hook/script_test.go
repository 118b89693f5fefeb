// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"podman-net-dhcp/internal/leaseapi/leaseapitest"
)

// Each script in testdata runs the real main. It has a container c1 with the process
// PID and the bundle BUNDLE on a host with a bridge br-hook, and a leased on the socket
// LEASED; LEASED_SOCKET leads nowhere. The command
//
//	state [KEY=VALUE...]
//
// writes state.json: the container's state with these annotations, without io.leased.
func TestScripts(t *testing.T) {
	bundles := map[string]*bundle{}
	scripts, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	sockets := t.TempDir()
	for i, script := range scripts {
		b := newBundle(t)
		b.leased = filepath.Join(sockets, strconv.Itoa(i))
		leaseapitest.At(t, b.leased, leaseapitest.Old(leaseapitest.Grants(lease)))
		bundles["script-"+strings.TrimSuffix(filepath.Base(script), ".txt")] = b
	}
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return bundles[filepath.Base(env.WorkDir)].setup(env) },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"state": writeState},
	})
}

const bundleKey = "bundle" // of env.Values

func (b *bundle) setup(env *testscript.Env) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bin := filepath.Join(env.WorkDir, "bin")
	env.Values[bundleKey] = b
	env.Setenv("PATH", bin+":"+env.Getenv("PATH"))
	env.Setenv("PID", strconv.Itoa(b.pid))
	env.Setenv("HOSTPID", strconv.Itoa(os.Getpid()))
	env.Setenv("BUNDLE", b.dir)
	env.Setenv("LEASED", b.leased)
	env.Setenv("LEASED_SOCKET", filepath.Join(env.WorkDir, "no.sock"))
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	return os.Symlink(self, filepath.Join(bin, "net-dhcp-hook"))
}

func writeState(ts *testscript.TestScript, _ bool, args []string) {
	annotations := map[string]string{}
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		annotations["io.leased."+key] = value
	}
	b := ts.Value(bundleKey).(*bundle)
	ts.Check(os.WriteFile(ts.MkAbs("state.json"), []byte(b.state(annotations)), 0o600))
}
