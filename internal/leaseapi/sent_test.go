// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/internal/leaseapi/pipe"
)

// sent is a call by a pipe that waited a moment for the reply.
func sent(t *testing.T) *leaseapi.Sent {
	t.Helper()
	c := pipe.Send([]byte(`{"method":"io.leased.Setup","parameters":{"netns":"/n"}}`+"\x00"), -1, int64(10*time.Millisecond))
	if c.FD < 0 {
		t.Fatal("not sent")
	}
	_ = c.Reply(make([]byte, 100))
	s := leaseapi.Resume(c.FD, time.Now())
	t.Cleanup(s.Close)
	return s
}

func TestSentReadsFromTheStart(t *testing.T) {
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
			r, err := sent(t).Setup(context.Background())
			switch {
			case c.want != nil && !errors.Is(err, c.want), c.text != "" && (err == nil || err.Error() != c.text):
				t.Errorf("%v, want %v%s", err, c.want, c.text)
			case c.want == nil && c.text == "" && (err != nil || r.MAC == ""):
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestSentWaitsOn(t *testing.T) {
	answer := make(chan *leaseapi.Reply)
	leaseapitest.New(t, func(leaseapi.Call) *leaseapi.Reply { return <-answer })
	s := sent(t)
	time.AfterFunc(30*time.Millisecond, func() { answer <- leaseapitest.Grants(leaseapi.Lease{})(leaseapi.Call{Method: leaseapi.MethodSetup}) })
	if r, err := s.Setup(context.Background()); err != nil || r.MAC == "" {
		t.Errorf("%+v, %v", r, err)
	}
	s, late := sent(t), errors.New("late")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 30*time.Millisecond, late)
	defer cancel()
	if err := s.Teardown(ctx); !errors.Is(err, late) {
		t.Error(err)
	}
	answer <- nil
}
