// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
)

// stillServes checks that others do not notice.
func (r *running) stillServes() {
	r.t.Helper()
	peer := r.dial()
	peer.say(`{"method":"io.leased.List"}`)
	peer.want(`{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`)
	peer.Close()
}

func TestWhatIsNoCallEndsTheConnection(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":           "\x00",
		"junk":              "hello\x00",
		"HTTP":              "GET / HTTP/1.1\r\n\r\n\x00",
		"cut JSON":          `{"method":"io.leased.List"` + "\x00",
		"two documents":     `{"method":"io.leased.List"}{}` + "\x00",
		"an array":          "[]\x00",
		"method is no text": `{"method":1}` + "\x00",
		"deep nesting":      `{"parameters":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + "}\x00",
		"too long":          strings.Repeat(" ", leaseapi.MaxFrame) + "\x00",
		"endless":           strings.Repeat("a", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, &leases{}, limits{})
			peer := r.dial()
			// The server may hang up while we still talk.
			if _, err := io.WriteString(peer, text); os.IsTimeout(err) {
				t.Error(err)
			}
			peer.wantEnd()
			r.stillServes()
		})
	}
}

func TestJunkInsideACallIsAnswered(t *testing.T) {
	t.Parallel()
	peer := start(t, &leases{}, limits{}).dial()
	for _, p := range []string{"null", "[]", "1e400", `"x"`, `{"attachment":[]}`, strings.Repeat("[", 5000) + strings.Repeat("]", 5000)} {
		peer.say(`{"method":"io.leased.Acquire","parameters":` + p + `}`)
		var reply leaseapi.Reply
		if err := peer.f.Read(&reply); err != nil || reply.Error != leaseapi.ErrorInvalidParameter {
			t.Errorf("%.20s: %+v, %v", p, reply, err)
		}
	}
}

// One byte now and then does not extend the time for a call.
func TestSlowPeer(t *testing.T) {
	t.Parallel()
	lim := usual
	lim.idle = 100 * time.Millisecond
	peer := start(t, &leases{}, lim).dial()
	begin := time.Now()
	for {
		if _, err := io.WriteString(peer, "{"); err != nil {
			break
		}
		if time.Since(begin) > 5*time.Second {
			t.Fatal("the server listens for ever")
		}
		time.Sleep(10 * time.Millisecond) // it is slow, that is the point
	}
}

func TestPeerThatNeverReads(t *testing.T) {
	t.Parallel()
	lim := usual
	lim.send = 100 * time.Millisecond
	list := make([]leaseapi.Status, 10000) // more than a socket's buffer takes
	gone := make(chan struct{}, 10)
	r := start(t, &leases{list: list, changed: func(by int) {
		if by < 0 {
			gone <- struct{}{}
		}
	}}, lim)
	peer := r.dial()
	peer.say(`{"method":"io.leased.List","more":true}`)
	soon(t, "the server gives up", gone)
	r.stillServes()
}

// Beyond the bound a peer is sent away at once; below it again all is well.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	lim := usual
	lim.conns = 50
	r := start(t, &leases{}, lim)
	var inside []*client
	for range lim.conns {
		c := r.dial()
		c.say(`{"method":"io.leased.List"}`)
		c.want(`{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`)
		inside = append(inside, c)
	}
	for range 10_000 {
		c, err := net.Dial("unix", r.path)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 1)); os.IsTimeout(err) || err == nil {
			t.Fatal("not sent away:", err)
		}
		c.Close()
	}
	for _, c := range inside {
		c.Close()
	}
	for begin := time.Now(); len(r.slots) > 0; runtime.Gosched() {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("slots are lost")
		}
	}
	r.stillServes()
}

// A thread of another uid connects; SO_PEERCRED says so.
func TestOthersMayLookAndNotTouch(t *testing.T) {
	t.Parallel()
	l := &leases{}
	r := start(t, l, limits{})
	for _, p := range []string{r.path, strings.TrimSuffix(r.path, "/s"), strings.TrimSuffix(r.path, "/001/s")} {
		if err := os.Chmod(p, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	peer := &client{r.dialAs(65534), t, nil}
	peer.f = leaseapi.NewFramer(peer)
	peer.acquire(asked())
	peer.want(`{"parameters":{},"error":"org.varlink.service.PermissionDenied"}`)
	peer.say(`{"method":"io.leased.Release","parameters":{"attachment":{"containerId":"id"}}}`)
	peer.want(`{"parameters":{},"error":"org.varlink.service.PermissionDenied"}`)
	peer.say(`{"method":"io.leased.ReleaseContainer","parameters":{"containerId":"id"}}`)
	peer.want(`{"parameters":{},"error":"org.varlink.service.PermissionDenied"}`)
	peer.say(`{"method":"io.leased.NoteResolvConf","parameters":{"containerId":"id","path":"/x/resolv.conf","device":1,"inode":1}}`)
	peer.want(`{"parameters":{},"error":"org.varlink.service.PermissionDenied"}`)
	if len(l.released)+len(l.noted) != 0 {
		t.Error("done all the same")
	}
	peer.say(`{"method":"io.leased.List","more":true}`)
	peer.want(`{"parameters":{}}`)
}

func (r *running) dialAs(uid uintptr) net.Conn {
	r.t.Helper()
	type dialed struct {
		net.Conn
		error
	}
	done := make(chan dialed)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread dies with its uid
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); e != 0 {
			done <- dialed{error: e}
			return
		}
		c, err := net.Dial("unix", r.path)
		done <- dialed{c, err}
	}()
	d := <-done
	if d.error == unix.EINVAL && os.Getenv("CI") == "" {
		r.t.Skip("needs root: a user's own namespace has one uid")
	}
	if d.error != nil {
		r.t.Fatal(d.error)
	}
	r.t.Cleanup(func() { d.Close() })
	return d.Conn
}
