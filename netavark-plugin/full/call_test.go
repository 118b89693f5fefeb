// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/lab/testlan"
)

const granted = leaseapitest.Status + "\n"

// container is a netns at a path.
func container(t *testing.T) *testlan.NS {
	t.Helper()
	testlan.RequireRoot(t)
	host(t)
	return testlan.New(t).Container()
}

// wantCall takes the next call, which has the container's netns with it, or none.
func wantCall(t *testing.T, leased *leaseapitest.Leased, method, parameters, netns string) {
	t.Helper()
	if len(leased.Calls) == 0 {
		t.Fatalf("no call of %s", method)
	}
	call, file := <-leased.Calls, <-leased.Descriptors
	if call.Method != method || string(call.Parameters) != parameters {
		t.Errorf("called %s %s\nwant %s %s", call.Method, call.Parameters, method, parameters)
	}
	if (file != nil) != (netns != "") {
		t.Fatalf("%s: descriptor %v, want %q", method, file, netns)
	}
	if file == nil {
		return
	}
	want, err := os.Stat(netns)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := file.Stat(); err != nil || !os.SameFile(got, want) {
		t.Errorf("another file came than %s: %v", netns, err)
	}
}

// The plugin leaves to this program what cannot go into its message.
func TestSetupWithAnotherMessage(t *testing.T) {
	c := container(t)
	small := exec544(`{"bridge":"br0"}`, `{"mtu":"1400"}`)
	long := strings.Replace(small, `"aliases":[`, `"aliases":["`+strings.Repeat("x", leaseapi.MaxFrame)+`",`, 1)
	reduced := `{"container_id":"8f8a5cc12382aa","container_name":"t1","network":{"name":"lan","internal":false,"options":{"bridge":"br0"}},` +
		`"network_options":{"interface_name":"lan0","aliases":["8f8a5cc12382","myhost"],"static_ips":["2001:db8::9","192.0.2.9","192.0.2.9"],` +
		`"static_mac":"02:11:22:33:44:55","options":{"mtu":"1400"}}}`
	odd := filepath.Join(t.TempDir(), `a"b\é`)
	if err := os.Symlink(c.Path, odd); err != nil {
		t.Fatal(err)
	}
	quoted, _ := json.Marshal(odd)
	for name, tc := range map[string]struct{ netns, document, parameters string }{
		"a long document":    {c.Path, long, `{"netns":"` + c.Path + `","netavark":` + reduced + `}`},
		"quotes in the path": {odd, reduced, `{"netns":` + string(quoted) + `,"netavark":` + reduced + `}`},
		"HTML, too":          {odd, strings.ReplaceAll(long, "xx", "<"), `{"netns":` + string(quoted) + `,"netavark":` + reduced + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			leased := leaseapitest.New(t, leaseapitest.Grants(lease))
			if code, out := runSetup(t, tc.netns, tc.document); code != 0 || out != granted {
				t.Errorf("%d %s", code, out)
			}
			wantCall(t, leased, leaseapi.MethodSetup, tc.parameters, c.Path)
		})
	}
}

// What would not stay in its place in the message, and what leased cannot parse.
func TestSetupReadsStrangeDocumentsItself(t *testing.T) {
	c := container(t)
	for document, say := range map[string]string{
		"hello":                         "parse stdin: invalid character",
		`{"a":1}{"b":2}`:                "parse stdin: invalid character",
		"{\"a\":1}\x00":                 "parse stdin: invalid character",
		`{"a":"` + "\x00" + `"}`:        "parse stdin: invalid character",
		`{"a":1]`:                       "parse stdin: invalid character",
		`{"container_id":"1"}`:          "stdin lacks container_id, network.name",
		`{}},"oneway":true,"x":{"y":{}`: "parse stdin: invalid character",
	} {
		leaseapitest.New(t, func(call leaseapi.Call) *leaseapi.Reply {
			return &leaseapi.Reply{Error: leaseapi.ErrorInvalidParameter, Parameters: json.RawMessage(`{"parameter":"netavark"}`)}
		})
		if code, out := runSetup(t, c.Path, document); code != 1 || !strings.HasPrefix(out, `{"error":"net-dhcp: `+say) {
			t.Errorf("%q: %d %s", document, code, out)
		}
	}
}

// leased's own words are printed, and it is not asked again.
func TestSetupThatLeasedRefuses(t *testing.T) {
	c := container(t)
	for _, name := range []string{leaseapi.ErrorRefused, leaseapi.ErrorNoLease, leaseapi.ErrorFailed, leaseapi.ErrorPermissionDenied, "io.leased.Another"} {
		leased := leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply {
			return &leaseapi.Reply{Error: name, Parameters: json.RawMessage(`{"message":"nobody\nanswered"}`)}
		})
		code, out := runSetup(t, c.Path, exec544(`{"bridge":"br0"}`, `null`))
		if code != 1 || out != `{"error":"net-dhcp: nobody; answered"}`+"\n" || len(leased.Calls) != 1 {
			t.Errorf("%s: %d %s, %d calls", name, code, out, len(leased.Calls))
		}
	}
}

// leased is restarted in the middle of it: the next one takes the call.
func TestSetupOutlivesRestarts(t *testing.T) {
	c := container(t)
	for hangUps, want := range map[int]string{
		1: granted, 2: granted,
		3: `{"error":"net-dhcp: leased closed the connection; see: journalctl -u leased"}` + "\n",
	} {
		var left atomic.Int32
		left.Store(int32(hangUps))
		leased := leaseapitest.New(t, func(call leaseapi.Call) *leaseapi.Reply {
			if left.Add(-1) >= 0 {
				return nil
			}
			return leaseapitest.Grants(lease)(call)
		})
		if code, out := runSetup(t, c.Path, exec544(`{"bridge":"br0"}`, `null`)); out != want || len(leased.Calls) != hangUps+1 { // the last one is a Setup, or a Teardown of what there may be
			t.Errorf("%d hang-ups: %d %s, %d calls", hangUps, code, out, len(leased.Calls))
		}
	}
}

func TestTeardownSaysWhatWentWrong(t *testing.T) {
	c := container(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fails := func(leaseapi.Call) *leaseapi.Reply {
		return &leaseapi.Reply{Error: leaseapi.ErrorFailed, Parameters: json.RawMessage(`{"message":"no"}`)}
	}
	hangsUp := func(leaseapi.Call) *leaseapi.Reply { return nil }
	for name, tc := range map[string]struct {
		reply         func(leaseapi.Call) *leaseapi.Reply
		netns, stdin  string
		code, calls   int
		stdout, error string
	}{
		"refused":  {fails, c.Path, exec544(`{"bridge":"br0"}`, `null`), 0, 1, "", "net-dhcp: teardown of t1 on lan: no\n"},
		"hangs up": {hangsUp, c.Path, exec544(`{"bridge":"br0"}`, `null`), 0, 3, "", "net-dhcp: teardown of t1 on lan: leased closed the connection; see: journalctl -u leased\n"},
		"document": {fails, c.Path, `{"container_id":"1"}`, 1, 0, `{"error":"net-dhcp: stdin lacks container_id, network.name or network_options.interface_name"}` + "\n", ""},
		"no JSON":  {fails, c.Path, `hello`, 1, 0, `{"error":"net-dhcp: parse stdin: invalid character 'h' looking for beginning of value"}` + "\n", ""},
		"a file": {
			fails, file, exec544(`{"bridge":"br0"}`, `null`), 0, 1, "",
			"net-dhcp: teardown of t1 on lan: no\nopen network namespace " + file + ": not a network namespace\n",
		},
	} {
		leased := leaseapitest.New(t, tc.reply)
		var out, errs strings.Builder
		code := run([]string{"teardown", tc.netns}, strings.NewReader(tc.stdin), &out, &errs)
		if code != tc.code || out.String() != tc.stdout || errs.String() != tc.error || len(leased.Calls) != tc.calls {
			t.Errorf("%s: %d %s%s, %d calls", name, code, &out, &errs, len(leased.Calls))
		}
	}
}
