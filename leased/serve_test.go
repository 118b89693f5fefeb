// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// daemonAt has a place of its own for everything that leased touches. Tests of it are not
// parallel: it is told by the environment.
type daemonAt struct {
	t      *testing.T
	dir    string
	socket string
	notes  *net.UnixConn
}

func newDaemon(t *testing.T) daemonAt {
	t.Helper()
	d := daemonAt{t: t, dir: t.TempDir()}
	d.socket = filepath.Join(d.dir, "run", "leased.sock")
	t.Setenv("LEASED_SOCKET", d.socket)
	notify := filepath.Join(d.dir, "notify")
	notes, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notes.Close() })
	t.Setenv("NOTIFY_SOCKET", notify)
	d.notes = notes
	return d
}

// config is one whose leased is never idle for long enough.
func (d daemonAt) config() config {
	return config{dir: filepath.Join(d.dir, "leases"), memory: filepath.Join(d.dir, "memory"), log: slog.New(slog.DiscardHandler)}
}

// serve runs leased until stop, which returns what it said.
func (d daemonAt) serve(c config) (stop func() error, ended chan error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	go func() { ended <- serve(ctx, c) }()
	d.t.Cleanup(cancel)
	return func() error { cancel(); return d.end(ended) }, ended
}

func (d daemonAt) end(ended <-chan error) error {
	d.t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(10 * time.Second):
		d.t.Fatal("leased does not end")
		return nil
	}
}

// note waits for what systemd is told next.
func (d daemonAt) note(want string) {
	d.t.Helper()
	_ = d.notes.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 100)
	n, err := d.notes.Read(b)
	if got := string(b[:n]); err != nil || got != want {
		d.t.Fatalf("systemd is told %q, %v; want %q", got, err, want)
	}
}

func (d daemonAt) list() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the socket may have no server
	defer cancel()
	c, err := leaseapi.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.List(ctx, func(leaseapi.Status) error { return nil })
}

func TestServeOnASocketOfItsOwn(t *testing.T) {
	d := newDaemon(t)
	stop, _ := d.serve(d.config())
	d.note("READY=1")
	if err := d.list(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(d.socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	d.note("STOPPING=1")
	if _, err := os.Lstat(d.socket); !os.IsNotExist(err) {
		t.Error("the socket is left:", err)
	}
}

func TestServeRemovesAStaleSocket(t *testing.T) {
	d := newDaemon(t)
	if err := os.Mkdir(filepath.Dir(d.socket), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	stop, _ := d.serve(d.config())
	d.note("READY=1")
	if err := d.list(); err != nil {
		t.Error(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestServeLeavesOthersSocketsAlone(t *testing.T) {
	d := newDaemon(t)
	if err := os.Mkdir(filepath.Dir(d.socket), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, ended := d.serve(d.config())
	if err := d.end(ended); err == nil || !strings.Contains(err.Error(), "another process listens on "+d.socket+", perhaps systemd") {
		t.Error(err)
	}
	if _, err := os.Lstat(d.socket); err != nil {
		t.Error(err)
	}
}

func TestServeLeavesAFileAlone(t *testing.T) {
	d := newDaemon(t)
	if err := os.MkdirAll(filepath.Dir(d.socket), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.socket, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, ended := d.serve(d.config())
	if err := d.end(ended); err == nil {
		t.Error("no error")
	}
	if b, _ := os.ReadFile(d.socket); string(b) != "precious" {
		t.Errorf("%q", b)
	}
}

func TestSecondLeasedIsRefused(t *testing.T) {
	d := newDaemon(t)
	stop, _ := d.serve(d.config())
	d.note("READY=1")
	_, ended := d.serve(d.config())
	if err := d.end(ended); err == nil || !strings.Contains(err.Error(), "another process listens on "+d.socket) {
		t.Error(err)
	}
	if err := d.list(); err != nil {
		t.Error("the first one suffers:", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A bad record is told of, set aside, and no reason not to start.
func TestServeWithABadRecord(t *testing.T) {
	d := newDaemon(t)
	c := d.config()
	var log strings.Builder
	c.log = slog.New(slog.NewTextHandler(&log, nil))
	bad := filepath.Join(c.dir, "0.json")
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop, _ := d.serve(c)
	d.note("READY=1")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(bad + ".bad"); err != nil || !strings.Contains(log.String(), "set aside") {
		t.Errorf("%v; log: %s", err, log.String())
	}
}

func TestIdleLeasedEnds(t *testing.T) {
	d := newDaemon(t)
	c := d.config()
	c.idleAfter = 100 * time.Millisecond
	_, ended := d.serve(c)
	d.note("READY=1")
	caller, err := net.Dial("unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		t.Fatal("it ended though somebody is there:", err)
	case <-time.After(3 * c.idleAfter): // what must not happen has no event
	}
	caller.Close()
	if err := d.end(ended); !errors.Is(err, errIdle) {
		t.Error(err)
	}
	d.note("STOPPING=1")
}

func TestIdleCountsLeasesAndCallers(t *testing.T) {
	d := newDaemon(t)
	ended := make(chan error)
	i := newIdle(20 * time.Millisecond)
	go func() { ended <- i.run(t.Context()) }()
	i.leases(2)
	d.note("STATUS=2 leases")
	i.peers(1)
	i.leases(0)
	d.note("STATUS=0 leases")
	select {
	case err := <-ended:
		t.Error("stopped with a caller:", err)
	case <-time.After(60 * time.Millisecond):
	}
	i.peers(-1)
	if err := d.end(ended); err != errIdle {
		t.Error(err)
	}
}

func TestNoTimeStampsUnderTheJournal(t *testing.T) {
	if _, err := logger("debug"); err != nil {
		t.Error(err)
	}
	for stream, want := range map[string]bool{"": true, "8:1234": false} {
		t.Setenv("JOURNAL_STREAM", stream)
		if got := strings.Contains(logged(t), "time="); got != want {
			t.Errorf("JOURNAL_STREAM=%q: time %v, want %v", stream, got, want)
		}
	}
}

// logged is a line of the log. logger writes to what stderr is when it is called.
func logged(t *testing.T) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stderr := os.Stderr
	defer func() { os.Stderr = stderr }()
	os.Stderr = f
	log, err := logger("info")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("hello")
	b, _ := os.ReadFile(f.Name())
	return string(b)
}
