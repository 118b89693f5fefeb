// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the daemon as a process of its own, with extra descriptors from 3 on.
func (d daemonAt) process(how string, files []*os.File, env ...string) (*exec.Cmd, *bytes.Buffer) {
	d.t.Helper()
	cmd := exec.Command("/proc/self/exe", d.directories()...)
	cmd.Env = append(os.Environ(), append(env, asLeased+"="+how)...)
	return cmd, d.start(cmd, files)
}

func (d daemonAt) directories() []string {
	return []string{"--state-dir", filepath.Join(d.dir, "leases"), "--memory-dir", filepath.Join(d.dir, "memory")}
}

// start starts a process that ends with the test, and returns its stderr.
func (d daemonAt) start(cmd *exec.Cmd, files []*os.File) *bytes.Buffer {
	d.t.Helper()
	var log bytes.Buffer
	cmd.Stderr, cmd.ExtraFiles, cmd.WaitDelay = &log, files, time.Second
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &log
}

// listener is one as systemd makes it.
func (d daemonAt) listener(network string) *os.File {
	d.t.Helper()
	var l interface{ File() (*os.File, error) }
	if network == "tcp" {
		tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			d.t.Fatal(err)
		}
		d.t.Cleanup(func() { tcp.Close() })
		l = tcp
	} else {
		unix, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(d.dir, "systemd"), Net: "unix"})
		if err != nil {
			d.t.Fatal(err)
		}
		d.t.Cleanup(func() { unix.Close() })
		l = unix
	}
	f, err := l.File()
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { f.Close() })
	return f
}

// Killed without a word, it leaves its socket; the next one makes nothing of that.
func TestKilledLeasedStartsAgain(t *testing.T) {
	d := newDaemon(t)
	for range 3 {
		cmd, _ := d.process("own", nil)
		d.note("READY=1")
		if err := d.list(); err != nil {
			t.Error(err)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

func TestSocketOfSystemd(t *testing.T) {
	d := newDaemon(t)
	cmd, log := d.process("pid", []*os.File{d.listener("unix")}, "LISTEN_FDS=1")
	d.servesSystemd(cmd, log)
}

// A drop-in may have the tool in ExecStart=: it becomes the daemon that systemd means.
func TestSocketOfSystemdThroughTheTool(t *testing.T) {
	d := newDaemon(t)
	const asSystemd = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve "$@"`
	cmd := exec.Command("sh", append([]string{"-c", asSystemd, installed(t) + "/bin/leased"}, d.directories()...)...)
	log := d.start(cmd, []*os.File{d.listener("unix")})
	d.servesSystemd(cmd, log)
}

// servesSystemd checks that the process serves on systemd's socket, and leaves it.
func (d daemonAt) servesSystemd(cmd *exec.Cmd, log *bytes.Buffer) {
	t := d.t
	t.Helper()
	d.note("READY=1")
	if _, err := os.Lstat(d.socket); err == nil {
		t.Error("it makes a socket of its own, too")
	}
	path := filepath.Join(d.dir, "systemd")
	t.Setenv("LEASED_SOCKET", path)
	if err := d.list(); err != nil {
		t.Error(err)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, log)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error("systemd's socket is gone:", err)
	}
}

func TestOtherThingsOfSystemd(t *testing.T) {
	for name, files := range map[string]func(d daemonAt) []*os.File{
		"two sockets":  func(d daemonAt) []*os.File { return []*os.File{d.listener("unix"), d.listener("tcp")} },
		"a TCP socket": func(d daemonAt) []*os.File { return []*os.File{d.listener("tcp")} },
		"a file": func(d daemonAt) []*os.File {
			f, err := os.Open("/dev/null")
			if err != nil {
				d.t.Fatal(err)
			}
			d.t.Cleanup(func() { f.Close() })
			return []*os.File{f}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDaemon(t)
			passed := files(d)
			cmd, log := d.process("pid", passed, "LISTEN_FDS="+string(rune('0'+len(passed))))
			if err := cmd.Wait(); err == nil || !strings.Contains(log.String(), "systemctl cat leased.socket") {
				t.Errorf("%v: %s", err, log)
			}
		})
	}
}
