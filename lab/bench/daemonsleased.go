// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// Our daemon as it is released, and as it is built with -tags pprof.
const (
	leasedProgram = "/usr/libexec/leased/leased"
	leasedDebug   = "/usr/local/lib/lab/leased-pprof"
)

// leased is one on a socket and with leases of its own, which live in a directory
// and outlive it.
type leased struct {
	cmd    *exec.Cmd
	dir    string
	notify *net.UnixConn
	ready  float64 // ms, from exec to READY=1
}

func (l leased) file(name string) string { return filepath.Join(l.dir, name) }

// startLeased starts it and makes it the one that net-dhcp finds.
func startLeased(program, dir string, more ...string) (*leased, error) {
	l := &leased{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l.cmd = exec.Command(program, append([]string{
		"--state-dir", l.file("state"), "--memory-dir", l.file("memory"), "--log-level", "warn",
	}, more...)...)
	l.cmd.Stderr = os.Stderr
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	u, err := leasedUnit()
	if err != nil {
		return nil, err
	}
	l.cmd.Env = slices.Concat(os.Environ(), u.environment, []string{"LEASED_SOCKET=" + l.file("sock"), "NOTIFY_SOCKET=" + l.file("notify")})
	if err := errors.Join(os.Setenv("LEASED_SOCKET", l.file("sock")), l.start(u)); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	return l, nil
}

func (l *leased) start(u unit) (err error) {
	l.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: l.file("notify"), Net: "unixgram"})
	if err != nil {
		return err
	}
	ready := make(chan time.Time, 1)
	go hear(l.notify, ready)
	begin := time.Now()
	if err := u.start(l.cmd); err != nil {
		return err
	}
	select {
	case at := <-ready:
		l.ready = ms(at.Sub(begin))
		return nil
	case <-time.After(time.Minute):
		return errors.New("it does not become ready")
	}
}

// hear reads what a daemon tells systemd until the socket is closed: whom nobody
// hears waits.
func hear(notify *net.UnixConn, ready chan<- time.Time) {
	var b [512]byte
	for {
		n, err := notify.Read(b[:])
		if err != nil {
			return
		}
		if strings.Contains(string(b[:n]), "READY=1") {
			ready <- time.Now()
		}
	}
}

func (l *leased) pid() int { return l.cmd.Process.Pid }

// stop ends it; the leases stay.
func (l *leased) stop() error {
	return errors.Join(os.Unsetenv("LEASED_SOCKET"), l.cmd.Process.Signal(syscall.SIGTERM), l.cmd.Wait(),
		l.notify.Close(), os.Remove(l.file("notify")))
}

// has checks that it has n leases, all of them BOUND. Those of an earlier leased
// are looked at in the background.
func (l *leased) has(n int) error {
	bound := 0
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var err error
		if bound, err = countBound(); err != nil || bound == n {
			return err
		}
	}
	return fmt.Errorf("leased has %d leases that are BOUND, not %d", bound, n)
}

func countBound() (n int, err error) {
	conn, err := leaseapi.Dial(context.Background())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	err = conn.List(context.Background(), func(s leaseapi.Status) error {
		if s.State == "BOUND" {
			n++
		}
		return nil
	})
	return n, err
}

// endDaemon ends a process that is not our child, or whom nobody waits for.
func endDaemon(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	gone := func() bool { // a zombie has no descriptors
		fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		return err != nil || len(fds) == 0
	}
	for end := time.Now().Add(20 * time.Second); !gone(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("process %d does not end", pid)
		}
	}
	return nil
}
