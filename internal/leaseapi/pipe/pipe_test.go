// SPDX-License-Identifier: Apache-2.0

package pipe_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
	"podman-net-dhcp/internal/leaseapi/pipe"
)

const (
	setupCall = `{"method":"io.leased.Setup","parameters":{"netns":"/n"}}` + "\x00"
	minute    = int64(time.Minute)
)

// sent sends the message, with a descriptor.
func sent(t *testing.T, patience int64) pipe.Call {
	t.Helper()
	ns, err := os.Open("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	c := pipe.Send([]byte(setupCall), int(ns.Fd()), patience)
	if c.FD < 0 {
		t.Fatal("not sent")
	}
	t.Cleanup(c.Close)
	return c
}

func TestCall(t *testing.T) {
	fake := leaseapitest.New(t, leaseapitest.Grants(leaseapi.Lease{MTU: 1400}))
	c, room := sent(t, minute), make([]byte, pipe.MaxFrame)
	for range 2 { // the reply stays there
		if got, want := string(c.Reply(room)), `{"parameters":{"mac":"`+leaseapitest.MAC+`","lease":{"mtu":1400}}}`; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if call, file := <-fake.Calls, <-fake.Descriptors; call.Method != pipe.MethodSetup || file == nil {
		t.Errorf("%+v, %v", call, file)
	}
	c = pipe.Send([]byte(setupCall), -1, minute)
	defer c.Close()
	if c.FD < 0 || c.Reply(room) == nil || <-fake.Descriptors != nil {
		t.Error("without a descriptor:", c)
	}
}

// Only one whole reply that is there at once is one.
func TestReplyIsWhole(t *testing.T) {
	const answer = `{"parameters":{}}` + "\x00"
	for name, c := range map[string]struct {
		answers []string
		room    int
		want    string
	}{
		"usual":         {[]string{answer}, 100, answer[:len(answer)-1]},
		"as large":      {[]string{answer}, len(answer), answer[:len(answer)-1]},
		"too large":     {[]string{answer}, len(answer) - 1, ""},
		"hangs up":      {nil, 100, ""},
		"in the middle": {[]string{answer[:5]}, 100, ""},
		"more than one": {[]string{answer + answer}, 100, ""},
		"one and more":  {[]string{answer + "{"}, 100, ""},
	} {
		t.Run(name, func(t *testing.T) {
			says(t, c.answers...)
			call := sent(t, minute)
			if r := call.Reply(make([]byte, c.room)); string(r) != c.want {
				t.Errorf("%q", r)
			}
		})
	}
}

// says is a leased that answers the first call with these bytes, and hangs up.
func says(t *testing.T, answers ...string) {
	t.Helper()
	fd := listen(t, 10)
	go func() {
		conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		_, _ = unix.Read(conn, make([]byte, 1000))
		for _, a := range answers {
			_, _ = unix.Write(conn, []byte(a))
		}
		_ = unix.Close(conn)
	}()
}

// listen listens on a socket with room for one caller more than that.
func listen(t *testing.T, backlog int) (fd int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	t.Setenv("LEASED_SOCKET", path)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, backlog)); err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestPatience(t *testing.T) {
	listen(t, 1)
	begun, patience := time.Now(), 30*time.Millisecond
	c := sent(t, int64(patience))
	if r := c.Reply(make([]byte, 100)); r != nil || time.Since(begun) < patience {
		t.Errorf("%q after %v", r, time.Since(begun))
	}
	sent(t, minute)
	begun = time.Now()
	if c := pipe.Send([]byte(setupCall), -1, int64(patience)); c.FD >= 0 || time.Since(begun) < patience {
		t.Errorf("%v after %v", c, time.Since(begun))
	}
}

func TestNobodyListens(t *testing.T) {
	for _, path := range []string{t.TempDir() + "/s", "/" + strings.Repeat("x", 200)} {
		t.Setenv("LEASED_SOCKET", path)
		if c := pipe.Send([]byte(setupCall), -1, minute); c.FD >= 0 {
			t.Errorf("sent to %s", path)
		}
	}
}

func TestSocket(t *testing.T) {
	t.Setenv("LEASED_SOCKET", "")
	if pipe.Socket() != pipe.DefaultSocket {
		t.Error(pipe.Socket())
	}
	t.Setenv("LEASED_SOCKET", "/s")
	if pipe.Socket() != "/s" {
		t.Error(pipe.Socket())
	}
}
