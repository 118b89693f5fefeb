// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/lab/testlan"
)

const document = `{"container_id":"8f8a5cc12382aa","container_name":"t1","network":{"name":"lan","options":{"bridge":"br0"}},` +
	`"network_options":{"interface_name":"lan0"}}`

const granted = leaseapitest.Status + "\n"

var grants = leaseapitest.Grants(leaseapi.Lease{})

func replies(text string) func(leaseapi.Call) *leaseapi.Reply {
	return func(leaseapi.Call) *leaseapi.Reply { return &leaseapi.Reply{Parameters: json.RawMessage(text)} }
}

// container is the path of a netns.
func container(t *testing.T) string {
	t.Helper()
	testlan.RequireRoot(t)
	return testlan.New(t).Container().Path
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

// Neither the document nor the answer is parsed: both pass with their spaces and odd escapes.
func TestSetup(t *testing.T) {
	netns, program := container(t), installed(t, "")
	leased := leaseapitest.New(t, replies(`{"status":{"interfaces":{"a}\"b{":{"x":"\\"}}, "y":"<>"}}`))
	odd := `{"container_id":"1", "unknown": "\u003c"}`
	want := result{0, `{"interfaces":{"a}\"b{":{"x":"\\"}},"y":"\u003c\u003e"}` + "\n", ""}
	if got := call(t, odd+"\n", program, "setup", netns); got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	wantCall(t, leased, leaseapi.MethodSetup, `{"netns":"`+netns+`","netavark":`+odd+"\n}", netns)
}

func TestTeardown(t *testing.T) {
	netns, program := container(t), installed(t, "")
	leased := leaseapitest.New(t, replies("{}"))
	for _, path := range []string{netns, "/run/netns/no-such-ns"} {
		if got := call(t, document, program, "teardown", path); got != (result{}) {
			t.Errorf("teardown: %+v", got)
		}
	}
	wantCall(t, leased, leaseapi.MethodTeardown, `{"netavark":`+document+`}`, netns)
	wantCall(t, leased, leaseapi.MethodTeardown, `{"netavark":`+document+`}`, "")
}

// The largest document that leased takes as it is, and a byte more.
func TestLongDocument(t *testing.T) {
	netns, program := container(t), installed(t, built(t))
	leased := leaseapitest.New(t, grants)
	room := leaseapi.MaxFrame - len(callOfSetup+netns+`",`+netavarks+end)
	for _, size := range []int{room, room + 1} {
		long := document + strings.Repeat(" ", size-len(document))
		if got := call(t, long, program, "setup", netns); got != (result{0, granted, ""}) {
			t.Errorf("%d: %+v", size, got)
		}
		if len(leased.Calls) != 1 {
			t.Fatalf("%d: %d calls", size, len(leased.Calls))
		}
		// The full program sends the document without the spaces.
		if made := <-leased.Calls; strings.HasSuffix(string(made.Parameters), " }") != (size == room) {
			t.Errorf("%d: sent %d bytes", size, len(made.Parameters))
		}
	}
}

// Podman gives its plugins a pipe, into which it may write in parts.
func TestStdinInParts(t *testing.T) {
	netns, program := container(t), installed(t, "")
	leaseapitest.New(t, grants)
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	in, w := os.NewFile(uintptr(fds[0]), "stdin"), os.NewFile(uintptr(fds[1]), "writer")
	defer in.Close()
	var out strings.Builder
	cmd := exec.Command(program, "setup", netns)
	cmd.Stdin, cmd.Stdout = in, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{document[:20], document[20:]} {
		_, _ = w.WriteString(part)
		time.Sleep(20 * time.Millisecond) // long enough for a read of the part alone; if not, the test is weaker
	}
	w.Close()
	if err := cmd.Wait(); err != nil || out.String() != granted {
		t.Errorf("%v: %s", err, &out)
	}
}

func TestAnswerThatCannotBeWritten(t *testing.T) {
	netns, program := container(t), installed(t, "")
	leaseapitest.New(t, grants)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var errs strings.Builder
	cmd := exec.Command(program, "setup", netns)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(document), full, &errs
	if err := cmd.Run(); err == nil || errs.String() != "net-dhcp: write the answer: no space left on device\n" {
		t.Errorf("%v: %s", err, &errs)
	}
}

// Ctrl-C on podman stop must not leave the lease; on podman run it ends the start.
func TestSignals(t *testing.T) {
	netns, program := container(t), installed(t, "")
	for verb, want := range map[string]result{"setup": {-1, "", ""}, "teardown": {0, "", ""}} {
		answer := make(chan *leaseapi.Reply)
		leased := leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply { return <-answer })
		p, wait := process(t, document, program, verb, netns)
		<-leased.Calls
		for _, s := range []os.Signal{unix.SIGINT, unix.SIGTERM} {
			_ = p.Signal(s)
		}
		if verb == "teardown" {
			answer <- replies("{}")(leaseapi.Call{})
		}
		if got := wait(); got != want {
			t.Errorf("%s: %+v", verb, got)
		}
		close(answer)
	}
}
