// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// daemon is one leased.
type daemon struct {
	h       *host
	cmd     *exec.Cmd
	pid     int
	serving chan struct{} // closed when it does
	ended   chan struct{} // closed when it has, and all it said was read
	said    []string      // once ended is closed
}

// run starts a leased, under a program and its arguments where there are any, and
// waits until it serves.
func (h *host) run(under ...string) *daemon {
	h.t.Helper()
	r, w, err := os.Pipe()
	must(h.t, err)
	const asSystemd = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`
	argv := append(under, "sh", "-c", asSystemd, h.program, "--state-dir", h.state, "--memory-dir", h.memory)
	d := &daemon{h: h, cmd: exec.Command(argv[0], argv[1:]...), serving: make(chan struct{}), ended: make(chan struct{})}
	d.cmd.Stderr, d.cmd.ExtraFiles = w, []*os.File{h.socket}
	h.lan.Host.Start(d.cmd)
	w.Close()
	d.pid = d.cmd.Process.Pid // whoever it is run under becomes it
	go d.follow(r)
	h.t.Cleanup(d.end)
	select {
	case <-d.serving:
	case <-d.ended:
		h.t.Fatalf("leased does not serve: %v", d.cmd.ProcessState)
	}
	return d
}

func (d *daemon) follow(r *os.File) {
	defer close(d.ended)
	for lines := bufio.NewScanner(r); lines.Scan(); {
		d.said = append(d.said, lines.Text())
		if strings.Contains(lines.Text(), "msg=serving") {
			close(d.serving)
		}
	}
	r.Close()
	_ = d.cmd.Wait()
}

// end is that of the test, if nobody has stopped it.
func (d *daemon) end() {
	_ = d.cmd.Process.Kill()
	<-d.ended
	if d.h.t.Failed() {
		d.h.t.Logf("leased, in the end:\n%s", strings.Join(d.said[max(0, len(d.said)-20):], "\n"))
	}
}

// stop ends it in order. All the time it must have had nothing to complain about.
func (d *daemon) stop() {
	d.h.t.Helper()
	must(d.h.t, d.cmd.Process.Signal(syscall.SIGTERM))
	<-d.ended
	if !d.cmd.ProcessState.Success() {
		d.h.t.Errorf("leased ends with %v", d.cmd.ProcessState)
	}
	for _, line := range d.said {
		if strings.Contains(line, "level=ERROR") {
			d.h.t.Errorf("leased says: %s", line)
		}
	}
}

// How much leased may hold of what costs the host something, when nothing is under
// way; it is no more for thousands of leases than for one.
const (
	maxThreads     = 16
	maxDescriptors = 64
)

// rests waits until it is at rest: sockets are closed in the background, by threads
// that end with their work.
func (d *daemon) rests() {
	d.h.t.Helper()
	eventually(d.h.t, "leased is at rest", func() string {
		if n := d.count("fd"); n > maxDescriptors {
			return fmt.Sprintf("%d descriptors", n)
		}
		if n := d.count("task"); n > maxThreads {
			return fmt.Sprintf("%d threads", n)
		}
		return ""
	})
	d.h.t.Logf("at rest: %d threads, %d descriptors, %d kB resident, at most %d kB before",
		d.count("task"), d.count("fd"), d.memory("VmRSS"), d.memory("VmHWM"))
}

func (d *daemon) count(what string) int {
	all, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(d.pid), what))
	must(d.h.t, err)
	return len(all)
}

// memory is a line of its status, in kB.
func (d *daemon) memory(which string) (kB int) {
	d.h.t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(d.pid), "status"))
	must(d.h.t, err)
	_, after, _ := strings.Cut(string(text), which+":")
	_, err = fmt.Sscan(after, &kB)
	must(d.h.t, err)
	return kB
}
