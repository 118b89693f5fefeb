// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/leaseapi/leaseapitest"
)

// peers are the two ends of a connection: a hostile one, and a Framer. When the test ends, no
// descriptor more is open than before. Not for parallel tests: descriptors are the process's.
type peers struct {
	*testing.T
	hostile *net.UnixConn
	f       *leaseapi.Framer
	end     *net.UnixConn // of the Framer
	before  []string
	sent    *os.File // may be sent as a descriptor
}

func pair(t *testing.T) *peers {
	t.Helper()
	p := &peers{T: t, before: open(t)}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.hostile, p.end = unixConn(t, fds[0]), unixConn(t, fds[1])
	if p.sent, err = os.Open("/proc/self/ns/net"); err != nil {
		t.Fatal(err)
	}
	p.f = leaseapi.NewFramer(p.end)
	t.Cleanup(p.nothingLeft)
	return p
}

func unixConn(t *testing.T, fd int) *net.UnixConn {
	t.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*net.UnixConn)
}

func (p *peers) nothingLeft() {
	p.Helper()
	p.f.CloseDescriptors()
	p.hostile.Close()
	p.end.Close()
	p.sent.Close()
	if after := open(p.T); !slices.Equal(after, p.before) {
		p.Errorf("open before:\n%q\nafter:\n%q", p.before, after)
	}
}

// open is what descriptors the process has, in order.
func open(t *testing.T) (files []string) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			files = append(files, to)
		}
	}
	slices.Sort(files)
	return files
}

// send sends text with n descriptors of the same file.
func (p *peers) send(text string, n int) {
	p.Helper()
	p.control(text, unix.UnixRights(slices.Repeat([]int{int(p.sent.Fd())}, n)...))
}

func (p *peers) control(text string, control []byte) {
	p.Helper()
	_ = p.hostile.SetDeadline(time.Now().Add(10 * time.Second))
	if _, _, err := p.hostile.WriteMsgUnix([]byte(text), control, nil); err != nil {
		p.Fatal(err)
	}
}

// wants reads one message, and takes its descriptor or finds none.
func (p *peers) wants(method string, descriptor bool) {
	p.Helper()
	var call leaseapi.Call
	if err := p.f.Read(&call); err != nil || call.Method != method {
		p.Fatalf("%+v, %v; want %s", call, err, method)
	}
	fd, ok := p.f.TakeDescriptor()
	if ok != descriptor {
		p.Fatalf("%s: descriptor %v, want %v", method, ok, descriptor)
	}
	if !ok {
		return
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		p.Errorf("not close-on-exec: %#x, %v", flags, err)
	}
	file := os.NewFile(uintptr(fd), "received")
	defer file.Close()
	if !same(file, p.sent) {
		p.Error("another file came")
	}
	if again, ok := p.f.TakeDescriptor(); ok {
		p.Errorf("handed over twice: %d", again)
	}
}

const (
	callA = `{"method":"a"}` + "\x00"
	callB = `{"method":"b"}` + "\x00"
)

func TestDescriptorComesWithItsMessage(t *testing.T) {
	for name, c := range map[string]struct {
		send func(p *peers)
		a, b bool
	}{
		"none":                   {func(p *peers) { p.send(callA, 0); p.send(callB, 0) }, false, false},
		"with the first":         {func(p *peers) { p.send(callA, 1); p.send(callB, 0) }, true, false},
		"with the second":        {func(p *peers) { p.send(callA, 0); p.send(callB, 1) }, false, true},
		"with both":              {func(p *peers) { p.send(callA, 1); p.send(callB, 1) }, true, true},
		"with the first byte":    {func(p *peers) { p.send(callA[:1], 1); p.send(callA[1:]+callB, 0) }, true, false},
		"with the NUL":           {func(p *peers) { p.send(callA[:14], 0); p.send(callA[14:], 1); p.send(callB, 0) }, true, false},
		"with each byte":         {func(p *peers) { p.bytewise(callA, 1); p.send(callB, 0) }, true, false},
		"bytes, then the second": {func(p *peers) { p.bytewise(callA, 0); p.send(callB, 1) }, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := pair(t)
			c.send(p)
			p.wants("a", c.a)
			p.wants("b", c.b)
		})
	}
}

func (p *peers) bytewise(text string, descriptors int) {
	for i := range text {
		p.send(text[i:i+1], descriptors)
	}
}

// The first one counts, of as many as the kernel passes on whole.
func TestSeveralDescriptorsWithOneMessage(t *testing.T) {
	for n, kept := range map[int]bool{2: true, 12: true, 13: false, 253: false} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			p := pair(t)
			p.send(callA, n)
			p.send(callB, 1)
			p.wants("a", kept)
			p.wants("b", true)
		})
	}
}

// A peer that sends descriptors and no end of a message, and one that sends a thousand messages
// which need none.
func TestFloodOfDescriptors(t *testing.T) {
	p := pair(t)
	most := 0
	for range 1000 {
		p.send(callA, 1)
		var call leaseapi.Call
		if err := p.f.Read(&call); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(open(t)))
	}
	if most > len(p.before)+6 { // two ends, the file, its copy, and /proc/self/fd
		t.Errorf("%d descriptors were open, %d before", most, len(p.before))
	}
	go func() {
		defer p.hostile.Close()
		_ = p.hostile.SetDeadline(time.Now().Add(10 * time.Second))
		rights := unix.UnixRights(int(p.sent.Fd()))
		for range 3 * leaseapi.MaxFrame {
			if _, _, err := p.hostile.WriteMsgUnix([]byte(" "), rights, nil); err != nil {
				return
			}
		}
	}()
	var call leaseapi.Call
	if err := p.f.Read(&call); !errors.Is(err, leaseapi.ErrFrameTooLong) {
		t.Error(err)
	}
	p.end.Close()
}

// The largest message is cut into several by the kernel and by the buffer.
func TestDescriptorWithTheLargestMessage(t *testing.T) {
	p := pair(t)
	text := `{"method":"a","parameters":"` + strings.Repeat("x", leaseapi.MaxFrame-31) + `"}` + "\x00"
	go func() {
		_, _, err := p.hostile.WriteMsgUnix([]byte(text), unix.UnixRights(int(p.sent.Fd())), nil)
		_, err2 := io.WriteString(p.hostile, callB)
		if err != nil || err2 != nil {
			t.Error(err, err2)
		}
	}()
	p.wants("a", true)
	p.wants("b", false)
}

func TestOtherControlMessages(t *testing.T) {
	p := pair(t)
	if raw, err := p.end.SyscallConn(); err != nil || raw.Control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
			t.Error(err)
		}
	}) != nil {
		t.Fatal(err)
	}
	self := unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())})
	p.control(callA, self)
	p.wants("a", false)
	p.control(callA, append(self, unix.UnixRights(int(p.sent.Fd()))...))
	p.wants("a", true)
	p.control(callB, append(unix.UnixRights(int(p.sent.Fd())), self...))
	p.wants("b", true)
}

// What comes after the end is closed, and so is what waited for it.
func TestCloseDescriptors(t *testing.T) {
	p := pair(t)
	p.send(callA, 1)
	var call leaseapi.Call
	if err := p.f.Read(&call); err != nil {
		t.Fatal(err)
	}
	p.f.CloseDescriptors()
	if fd, ok := p.f.TakeDescriptor(); ok {
		t.Errorf("handed over after the end: %d", fd)
	}
	p.send(callB, 1)
	p.wants("b", false)
}

// A connection that cannot carry descriptors has none.
func TestPlainConnectionHasNoDescriptor(t *testing.T) {
	t.Parallel()
	f := framer(callA)
	defer f.CloseDescriptors()
	if err := f.Read(new(leaseapi.Call)); err != nil {
		t.Error(err)
	}
	if _, ok := f.TakeDescriptor(); ok {
		t.Error("a descriptor")
	}
}

func TestCallsCarryADescriptor(t *testing.T) {
	leased := leaseapitest.New(t, leaseapitest.Grants(leaseapi.Lease{MTU: 1400}))
	ns, err := os.Open("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	fd := int(ns.Fd())
	r, err := dial(t).Setup(context.Background(), leaseapi.SetupRequest{Netns: "/n", Options: map[string]string{"bridge": "br0"}}, fd)
	if err != nil || r.MAC != leaseapitest.MAC || r.Lease.MTU != 1400 || r.Status != nil {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = dial(t).Setup(context.Background(), leaseapi.SetupRequest{Netns: "/n", Netavark: json.RawMessage(`{"x": 1}`)}, fd)
	if err != nil || r.Lease != nil || string(r.Status) != leaseapitest.Status {
		t.Errorf("%+v, %v", r, err)
	}
	request := leaseapi.TeardownRequest{Attachment: leaseapi.Attachment{ContainerID: "id"}}
	if err := errors.Join(dial(t).Teardown(context.Background(), request, fd), dial(t).Teardown(context.Background(), request, -1)); err != nil {
		t.Error(err)
	}
	for _, want := range []struct {
		text string
		file bool
	}{
		{`io.leased.Setup {"netns":"/n","options":{"bridge":"br0"}}`, true},
		{`io.leased.Setup {"netns":"/n","netavark":{"x":1}}`, true},
		{`io.leased.Teardown {"attachment":{"containerId":"id","containerName":"","network":"","interface":""}}`, true},
		{`io.leased.Teardown {"attachment":{"containerId":"id","containerName":"","network":"","interface":""}}`, false},
	} {
		call, file := <-leased.Calls, <-leased.Descriptors
		if got := call.Method + " " + string(call.Parameters); got != want.text || (file != nil) != want.file {
			t.Errorf("%s, %v; want %s, %v", got, file, want.text, want.file)
		}
		if file != nil && !same(file, ns) {
			t.Error("another file came")
		}
	}
}

func same(a, b *os.File) bool {
	x, errX := a.Stat()
	y, errY := b.Stat()
	return errX == nil && errY == nil && os.SameFile(x, y)
}
