// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

// leased answers each call with text, and hangs up when that is over. The calls
// it got come out of the channel. Not for parallel tests: LEASED_SOCKET is one.
func leased(t *testing.T, answers ...string) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	t.Setenv("LEASED_SOCKET", path)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	calls, ended := make(chan string, 10), make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		f := leaseapi.NewFramer(conn)
		defer f.CloseDescriptors()
		for _, a := range answers {
			var call leaseapi.Call
			if err := f.Read(&call); err != nil {
				return
			}
			calls <- call.Method + " " + string(call.Parameters)
			if _, err := io.WriteString(conn, a); err != nil {
				return
			}
		}
		if len(answers) == 0 { // never answers
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return calls
}

func dial(t *testing.T) *leaseapi.Conn {
	t.Helper()
	c, err := leaseapi.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestNobodyListens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	t.Setenv("LEASED_SOCKET", path)
	for _, stale := range []bool{false, true} { // a stale socket is no better than none
		if stale {
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			l.(*net.UnixListener).SetUnlinkOnClose(false)
			l.Close()
		}
		_, err := leaseapi.Dial(context.Background())
		if err == nil || !strings.Contains(err.Error(), "leased does not listen on "+path+"; try: systemctl") {
			t.Error(err)
		}
	}
}

func TestAcquireAndRelease(t *testing.T) {
	calls := leased(t, "{\"parameters\":{\"lease\":{\"address\":\"192.0.2.9/24\",\"server\":\"192.0.2.1\",\"renew\":1}}}\x00", "{}\x00", "{}\x00")
	c := dial(t)
	l, err := c.Acquire(context.Background(), leaseapi.AcquireRequest{})
	if err != nil || l.Address.String() != "192.0.2.9/24" || *l.Renew != 1 || l.Rebind != nil {
		t.Errorf("%+v, %v", l, err)
	}
	if call := <-calls; !strings.HasPrefix(call, `io.leased.Acquire {"attachment":{`) || strings.Contains(call, "requestIp") {
		t.Error(call)
	}
	if err := c.Release(context.Background(), leaseapi.Attachment{ContainerID: "id"}); err != nil {
		t.Error(err)
	}
	if call := <-calls; !strings.HasPrefix(call, `io.leased.Release {"attachment":{"containerId":"id"`) {
		t.Error(call)
	}
	if err := c.ReleaseContainer(context.Background(), "id", ""); err != nil {
		t.Error(err)
	}
	if call := <-calls; call != `io.leased.ReleaseContainer {"containerId":"id"}` {
		t.Error(call)
	}
}

func TestGoOnWithoutLease(t *testing.T) {
	leased(t, "{\"parameters\":{}}\x00")
	if l, err := dial(t).Acquire(context.Background(), leaseapi.AcquireRequest{}); l != nil || err != nil {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestListEndsWithTheEmptyReply(t *testing.T) {
	leased(t, "{\"parameters\":{\"status\":{\"state\":\"BOUND\"}},\"continues\":true}\x00"+
		"{\"parameters\":{\"status\":{\"state\":\"INIT\"}},\"continues\":true}\x00{\"parameters\":{}}\x00")
	var got []string
	err := dial(t).List(context.Background(), func(s leaseapi.Status) error { got = append(got, s.State); return nil })
	if err != nil || !slices.Equal(got, []string{"BOUND", "INIT"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestErrorsAreForTheUser(t *testing.T) {
	for name, c := range map[string]struct{ answer, name, text string }{
		"ours":             {`{"error":"io.leased.NoLease","parameters":{"message":"nobody on br0"}}`, leaseapi.ErrorNoLease, "nobody on br0"},
		"Varlink's":        {`{"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"link.mac"}}`, leaseapi.ErrorInvalidParameter, "link.mac"},
		"without anything": {`{"error":"a.B"}`, "a.B", "leased answers a.B"},
	} {
		t.Run(name, func(t *testing.T) {
			leased(t, c.answer+"\x00")
			_, err := dial(t).Acquire(context.Background(), leaseapi.AcquireRequest{})
			var e *leaseapi.Error
			if !errors.As(err, &e) || e.Name != c.name || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestLeasedDiesMidway(t *testing.T) {
	for name, answer := range map[string]string{"at once": "", "in a message": "{\"param"} {
		t.Run(name, func(t *testing.T) {
			leased(t, answer)
			_, err := dial(t).Acquire(context.Background(), leaseapi.AcquireRequest{})
			if err == nil || !strings.Contains(err.Error(), "leased closed the connection; see: journalctl -u leased") {
				t.Error(err)
			}
		})
	}
}

// Giving up is hanging up, which leased takes for: undo.
func TestCallerGivesUp(t *testing.T) {
	leased(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	late := errors.New("late")
	c := dial(t)
	cancel(late)
	if _, err := c.Acquire(ctx, leaseapi.AcquireRequest{}); !errors.Is(err, late) {
		t.Error(err)
	}
	if err := c.Write(leaseapi.Call{}); err == nil {
		t.Error("the connection is open still")
	}
}
