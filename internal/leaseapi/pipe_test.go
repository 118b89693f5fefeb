// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
)

const setupCall = `{"method":"io.leased.Setup","parameters":{"netns":"/n"}}` + "\x00"

// sent sends the message, with a descriptor.
func sent(t *testing.T, patience time.Duration) *leaseapi.Pipe {
	t.Helper()
	ns, err := os.Open("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	p := leaseapi.Send([]byte(setupCall), int(ns.Fd()), patience)
	if p == nil {
		t.Fatal("not sent")
	}
	t.Cleanup(p.Close)
	return p
}

func TestPipe(t *testing.T) {
	fake := leaseapitest.New(t, leaseapitest.Grants(leaseapi.Lease{MTU: 1400}))
	p := sent(t, time.Minute)
	if got, want := string(p.Reply()), `{"parameters":{"mac":"`+leaseapitest.MAC+`","lease":{"mtu":1400}}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if call, file := <-fake.Calls, <-fake.Descriptors; call.Method != leaseapi.MethodSetup || file == nil {
		t.Errorf("%+v, %v", call, file)
	}
	if r, err := p.Setup(context.Background()); err != nil || r.Lease.MTU != 1400 { // a reply can be read twice
		t.Errorf("%+v, %v", r, err)
	}
	if p := leaseapi.Send([]byte(setupCall), -1, time.Minute); p == nil || p.Reply() == nil || <-fake.Descriptors != nil {
		t.Error("without a descriptor:", p)
	} else {
		p.Close()
	}
}

// Whatever Reply did not get, Setup waits for, or says what came in its place.
func TestPipeGoesOn(t *testing.T) {
	const answer = `{"parameters":{"mac":"02:00:00:00:00:07"}}` + "\x00"
	for name, c := range map[string]struct {
		answer string
		want   error
		text   string // of the error
	}{
		"hangs up":              {"", leaseapi.ErrHungUp, ""},
		"in the middle":         {answer[:10], leaseapi.ErrHungUp, ""},
		"refuses":               {`{"error":"io.leased.NoLease","parameters":{"message":"nobody"}}` + "\x00", nil, "nobody"},
		"says too much":         {strings.Repeat(" ", 3*leaseapi.MaxFrame) + answer, leaseapi.ErrFrameTooLong, ""},
		"is talkative":          {strings.Repeat(" ", 50000) + answer, nil, ""},
		"answers more than one": {answer + answer, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			leased(t, c.answer)
			p := sent(t, time.Minute)
			_ = p.Reply()
			r, err := p.Setup(context.Background())
			switch {
			case c.want != nil && !errors.Is(err, c.want), c.text != "" && (err == nil || err.Error() != c.text):
				t.Errorf("%v, want %v%s", err, c.want, c.text)
			case c.want == nil && c.text == "" && (err != nil || r.MAC == ""):
				t.Errorf("%+v, %v", r, err)
			}
			if refused := p.Err(); (refused != nil) != (c.text != "") {
				t.Errorf("Err is %v", refused)
			}
		})
	}
}

func TestPipeIsPatientForAWhile(t *testing.T) {
	answer := make(chan *leaseapi.Reply)
	leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply { return <-answer })
	p := sent(t, 30*time.Millisecond)
	if r := p.Reply(); r != nil || time.Since(p.Begun) < 30*time.Millisecond {
		t.Errorf("%q after %v", r, time.Since(p.Begun))
	}
	time.AfterFunc(30*time.Millisecond, func() { answer <- leaseapitest.Grants(leaseapi.Lease{})(leaseapi.Call{Method: leaseapi.MethodSetup}) })
	if r, err := p.Setup(context.Background()); err != nil || r.MAC == "" {
		t.Errorf("%+v, %v", r, err)
	}
	p, late := sent(t, time.Millisecond), errors.New("late")
	_ = p.Reply()
	ctx, cancel := context.WithTimeoutCause(context.Background(), 30*time.Millisecond, late)
	defer cancel()
	if err := p.Teardown(ctx); !errors.Is(err, late) {
		t.Error(err)
	}
	answer <- nil
}

func TestPipeThatDoesNotBegin(t *testing.T) {
	t.Setenv("LEASED_SOCKET", t.TempDir()+"/s")
	if p := leaseapi.Send([]byte(setupCall), -1, time.Minute); p != nil {
		t.Error("sent to nobody")
	}
	crowded(t)
	for range 2 {
		sent(t, time.Minute)
	}
	begun := time.Now()
	if p := leaseapi.Send([]byte(setupCall), -1, 30*time.Millisecond); p != nil || time.Since(begun) < 30*time.Millisecond {
		t.Errorf("%v after %v", p, time.Since(begun))
	}
	t.Setenv("LEASED_SOCKET", "/"+strings.Repeat("x", 200))
	if p := leaseapi.Send([]byte(setupCall), -1, time.Minute); p != nil {
		t.Error("sent to a path that is too long")
	}
}
