// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Each script in testdata runs the real programs: leased is the tool of the installation
// PREFIX. LEASED_SOCKET is run/leased.sock in the script's directory, where nobody
// listens. A leased with some attachments is on the socket SOME. The commands
//
//	notified NOTE
//	terminate
//
// wait until systemd is told something, which has to be NOTE, and send SIGTERM to what
// runs in the background.
func TestScripts(t *testing.T) {
	some := filepath.Join(t.TempDir(), "some")
	showAt(t, some, fullShelf)
	prefix := installed(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("SOME", some)
			env.Setenv("PREFIX", prefix)
			return setup(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"notified": notified, "terminate": terminate},
	})
}

const notesKey = "notes" // of env.Values

func setup(env *testscript.Env) error {
	at := func(name string) string { return filepath.Join(env.WorkDir, name) }
	env.Setenv("PATH", env.Getenv("PREFIX")+"/bin:"+env.Getenv("PATH"))
	env.Setenv("LEASED_SOCKET", at("run/leased.sock"))
	env.Setenv("NOTIFY_SOCKET", at("notify"))
	notes, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at("notify"), Net: "unixgram"})
	if err != nil {
		return err
	}
	env.Defer(func() { notes.Close() })
	env.Values[notesKey] = notes
	return nil
}

func notified(ts *testscript.TestScript, _ bool, args []string) {
	notes, b := ts.Value(notesKey).(*net.UnixConn), make([]byte, 100)
	ts.Check(notes.SetReadDeadline(time.Now().Add(10 * time.Second)))
	n, err := notes.Read(b)
	ts.Check(err)
	if got := string(b[:n]); len(args) != 1 || got != args[0] {
		ts.Fatalf("systemd is told %q, want %q", got, args)
	}
}

func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}
