// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/internal/netavark"
)

// standIn is a full program that shows its arguments and stdin. It shows the descriptor of a socket as
// SOCKET.
func standIn(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stand-in")
	script := `#!/bin/sh
for a; do
	case $(readlink /proc/$$/fd/"$a" 2>/dev/null) in
	socket:*) a=SOCKET ;;
	esac
	printf '<%s>' "$a"
done
cat
`
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// times hides the time of a call.
func times(s string) string {
	for _, before := range []string{"<SOCKET><", "<-1><"} {
		if head, rest, ok := strings.Cut(s, before); ok {
			time, tail, _ := strings.Cut(rest, ">")
			if strings.Trim(time, "0123456789") == "" && time != "" {
				return head + before + "T>" + tail
			}
		}
	}
	return s
}

// The full program gets the same arguments and the same stdin.
func TestUnusualIsHandedOver(t *testing.T) {
	netns, program := container(t), installed(t, standIn(t))
	odd := filepath.Join(t.TempDir(), `a"b`)
	if err := os.Symlink(netns, odd); err != nil {
		t.Fatal(err)
	}
	hangsUp := func(leaseapi.Call) *leaseapi.Reply { return nil }
	fails := func(leaseapi.Call) *leaseapi.Reply {
		return &leaseapi.Reply{Error: leaseapi.ErrorFailed, Parameters: json.RawMessage(`{"message":"no"}`)}
	}
	large := strings.Repeat("[", netavark.MaxInput+1)
	for name, tc := range map[string]struct {
		reply        func(leaseapi.Call) *leaseapi.Reply // nil: nobody listens
		args         []string
		stdin, added string // added are the arguments that the plugin adds
	}{
		"nothing":             {grants, nil, "x", ""},
		"info":                {grants, []string{"info"}, "", ""},
		"create":              {grants, []string{"create"}, document, ""},
		"help":                {grants, []string{"--help"}, "", ""},
		"empty argument":      {grants, []string{"setup", ""}, document, ""},
		"odd argument":        {grants, []string{"setup", "a\n\xff"}, document, ""},
		"one argument":        {grants, []string{"setup"}, document, ""},
		"three arguments":     {grants, []string{"setup", netns, "x"}, document, ""},
		"long argument":       {grants, []string{"info", strings.Repeat("x", 100_000)}, document, ""},
		"quotes in the path":  {grants, []string{"setup", odd}, document, ""},
		"no netns":            {grants, []string{"setup", "/run/netns/no-such-ns"}, document, ""},
		"no such directory":   {grants, []string{"teardown", "/proc/self/exe/x"}, document, ""},
		"no stdin":            {grants, []string{"setup", netns}, "", ""},
		"no document":         {grants, []string{"teardown", netns}, "hello", ""},
		"too large":           {grants, []string{"setup", netns}, large, ""},
		"nobody listens":      {nil, []string{"setup", netns}, document, "<-1><T>"},
		"nobody listens then": {nil, []string{"teardown", netns}, document, "<-1><T>"},
		"hangs up":            {hangsUp, []string{"setup", netns}, document, "<SOCKET><T>"},
		"fails":               {fails, []string{"setup", netns}, document, "<SOCKET><T>"},
		"teardown fails":      {fails, []string{"teardown", netns}, document, "<SOCKET><T>"},
		"no status":           {replies(`{}`), []string{"setup", netns}, document, "<SOCKET><T>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LEASED_SOCKET", t.TempDir()+"/no.sock")
			if tc.reply != nil {
				leaseapitest.New(t, tc.reply)
			}
			want := tc.added + tc.stdin
			for i := len(tc.args) - 1; i >= 0; i-- {
				want = "<" + tc.args[i] + ">" + want
			}
			got := call(t, tc.stdin, program, tc.args...)
			if got.stdout = times(got.stdout); got != (result{0, want, ""}) {
				t.Errorf("%.500q\nwant %.500q", fmt.Sprint(got), want)
			}
		})
	}
	if maxInput <= netavark.MaxInput {
		t.Errorf("of stdin at most %d bytes are read", maxInput)
	}
}

// An installed program has the full one in another place than a built one.
func TestFullIsFound(t *testing.T) {
	full := standIn(t)
	for _, program := range []string{
		installed(t, full),
		placed(t, "bin/net-dhcp", "bin/libexec/leased/net-dhcp", full),
	} {
		link := filepath.Join(t.TempDir(), "net-dhcp")
		if err := os.Symlink(program, link); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{program, link} {
			if got := call(t, "", path, "info"); got != (result{0, "<info>", ""}) {
				t.Errorf("%s: %+v", path, got)
			}
		}
	}
}

func TestFullIsMissing(t *testing.T) {
	netns := container(t)
	t.Setenv("LEASED_SOCKET", t.TempDir()+"/no.sock")
	program := installed(t, "")
	full := filepath.Join(program, "../../leased/net-dhcp")
	missing := result{1, `{"error":"net-dhcp: the program ` + full + ` is missing; install the package again, or run make install"}` + "\n", ""}
	for _, args := range [][]string{{"info"}, {"setup", netns}, {"teardown", netns}} {
		if got := call(t, document, program, args...); got != missing {
			t.Errorf("%q: %+v\nwant %+v", args, got, missing)
		}
	}
	if err := os.WriteFile(full, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := call(t, "", program, "info"); got != (result{1, `{"error":"net-dhcp: start ` + full + `: permission denied"}` + "\n", ""}) {
		t.Errorf("not executable: %+v", got)
	}
}

// Whatever leased does, the words and the number of calls are those of the full program alone.
func TestFullGoesOn(t *testing.T) {
	netns, program := container(t), installed(t, built(t))
	refuses := func(name, parameters string) func(leaseapi.Call) *leaseapi.Reply {
		return func(leaseapi.Call) *leaseapi.Reply {
			return &leaseapi.Reply{Error: name, Parameters: json.RawMessage(parameters)}
		}
	}
	hangsUp := func(times int32) func(leaseapi.Call) *leaseapi.Reply {
		left := new(atomic.Int32)
		left.Store(times)
		return func(call leaseapi.Call) *leaseapi.Reply {
			if left.Add(-1) >= 0 {
				return nil
			}
			return grants(call)
		}
	}
	wrong := refuses(leaseapi.ErrorInvalidParameter, `{"parameter":"netavark"}`)
	for name, tc := range map[string]struct {
		verb, stdin string
		reply       func(leaseapi.Call) *leaseapi.Reply
		calls       int
		want        result
	}{
		"no lease":      {"setup", document, refuses(leaseapi.ErrorNoLease, `{"message":"nobody\nanswered"}`), 1, failure("nobody; answered")},
		"refused":       {"setup", document, refuses(leaseapi.ErrorRefused, `{"message":"no"}`), 1, failure("no")},
		"another error": {"setup", document, refuses("io.leased.Another", `{"message":"no"}`), 1, failure("no")},
		"no JSON":       {"setup", `{"a":1]}`, wrong, 0, failure("parse stdin: invalid character ']' after object key:value pair")},
		"no container":  {"setup", `{"container_id":"1"}`, wrong, 1, failure("stdin lacks container_id, network.name or network_options.interface_name")},
		"hangs up once": {"setup", document, hangsUp(1), 2, result{0, granted, ""}},
		"and again":     {"setup", document, hangsUp(2), 3, result{0, granted, ""}},
		"always":        {"setup", document, hangsUp(9), 6, failure("leased closed the connection; see: journalctl -u leased")},
		"nothing":       {"setup", "", grants, 0, failure("nothing on stdin; this is a network plugin for Podman: podman network create -d net-dhcp")},
		"text":          {"setup", "hello", grants, 0, failure("parse stdin: invalid character 'h' looking for beginning of value")},
		"large":         {"setup", strings.Repeat(" ", 1<<20+1), grants, 0, failure("more than 1048576 bytes on stdin")},

		"teardown refused":       {"teardown", document, refuses(leaseapi.ErrorFailed, `{"message":"no"}`), 1, result{0, "", "net-dhcp: teardown of t1 on lan: no\n"}},
		"teardown hangs up once": {"teardown", document, hangsUp(1), 2, result{}},
		"teardown hangs up":      {"teardown", document, hangsUp(9), 3, result{0, "", "net-dhcp: teardown of t1 on lan: leased closed the connection; see: journalctl -u leased\n"}},
		"teardown document":      {"teardown", `{"container_id":"1"}`, wrong, 1, failure("stdin lacks container_id, network.name or network_options.interface_name")},
	} {
		t.Run(name, func(t *testing.T) {
			leased := leaseapitest.New(t, tc.reply)
			got := call(t, tc.stdin, program, tc.verb, netns)
			if got != tc.want || len(leased.Calls) != tc.calls {
				t.Errorf("%+v, %d calls\nwant %+v, %d", got, len(leased.Calls), tc.want, tc.calls)
			}
		})
	}
}

func failure(text string) result {
	return result{1, `{"error":"net-dhcp: ` + text + `"}` + "\n", ""}
}

// A slow leased is waited for, on the same connection.
func TestFullWaitsForASlowLeased(t *testing.T) {
	netns, program := container(t), installed(t, built(t))
	t.Setenv(patienceOf, "20ms")
	for verb, want := range map[string]string{"setup": granted, "teardown": ""} {
		leased := leaseapitest.New(t, func(call leaseapi.Call) *leaseapi.Reply {
			time.Sleep(200 * time.Millisecond)
			return grants(call)
		})
		if got := call(t, document, program, verb, netns); got != (result{0, want, ""}) || len(leased.Calls) != 1 {
			t.Errorf("%s: %+v, %d calls", verb, got, len(leased.Calls))
		}
	}
}

// A signal that is ignored stays ignored in the full program.
func TestSignalsStayIgnored(t *testing.T) {
	netns := container(t)
	path := filepath.Join(t.TempDir(), "stand-in")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nkill -INT $$; kill -TERM $$; echo alive\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LEASED_SOCKET", t.TempDir()+"/no.sock")
	program := installed(t, path)
	for verb, want := range map[string]result{"setup": {-1, "", ""}, "teardown": {0, "alive\n", ""}} {
		if got := call(t, document, program, verb, netns); got != want {
			t.Errorf("%s: %+v", verb, got)
		}
	}
}

func TestSystemCalls(t *testing.T) {
	t.Parallel()
	if memfdCreate() != unix.SYS_MEMFD_CREATE {
		t.Errorf("memfd_create(2) is %d", memfdCreate())
	}
	for n, want := range map[int64]string{0: "0", -1: "-1", 7: "7", 1234567890123456789: "1234567890123456789"} {
		if got := decimal(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
