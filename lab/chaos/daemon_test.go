// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// daemon is one leased.
type daemon struct {
	h     *host
	cmd   *exec.Cmd
	mark  int           // where its story begins
	ended chan struct{} // closed when it has, and all it said is told
}

// start starts a leased that ends at a failpoint, or at none; under are a program
// and its arguments to run it under.
func (h *host) start(failpoint string, under ...string) *daemon {
	h.t.Helper()
	r, w, err := os.Pipe()
	must(h.t, err)
	const asSystemd = `echo "leased's pid is $$" >&2; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`
	argv := append(under, "sh", "-c", asSystemd, h.program, "--log-level", "debug",
		"--state-dir", h.state, "--memory-dir", h.memory)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr, cmd.ExtraFiles = w, []*os.File{h.socket}
	cmd.Env = append(os.Environ(), "LEASED_FAILPOINT="+failpoint)
	d := &daemon{h: h, cmd: cmd, mark: h.story.mark(), ended: make(chan struct{})}
	h.story.add("leased starts; failpoint %q", failpoint)
	h.lan.Host.Start(cmd)
	w.Close()
	told := h.story.follow("leased", r)
	go func() {
		<-told
		_ = cmd.Wait()
		h.story.add("leased has ended: %v", cmd.ProcessState)
		close(d.ended)
	}()
	h.t.Cleanup(func() { _ = cmd.Process.Kill(); <-d.ended })
	return d
}

// ready waits until it serves; one that has ended before says so.
func (d *daemon) ready() {
	d.h.t.Helper()
	if !d.h.story.wait(d.mark, d.ended, "leased: ", "msg=serving") {
		d.h.t.Fatal("leased does not serve")
	}
}

// run starts a leased that nothing befalls, and waits until it serves.
func (h *host) run(under ...string) *daemon {
	h.t.Helper()
	d := h.start("", under...)
	d.ready()
	return d
}

// pid is leased's own, whatever it is run under.
func (d *daemon) pid() int {
	d.h.t.Helper()
	lines, _ := d.h.story.since(d.mark)
	for _, line := range lines {
		if _, text, ok := strings.Cut(line, "leased's pid is "); ok {
			pid, err := strconv.Atoi(text)
			must(d.h.t, err)
			return pid
		}
	}
	d.h.t.Fatal("leased has no pid yet")
	return 0
}

// pauses waits until it is at a failpoint where it pauses.
func (d *daemon) pauses() {
	d.h.t.Helper()
	if !d.h.story.wait(d.mark, d.ended, "leased: failpoint ") {
		d.h.t.Fatal("leased does not come to its failpoint")
	}
}

// goOn ends the pause.
func (d *daemon) goOn() {
	d.h.t.Helper()
	d.h.story.add("leased goes on")
	must(d.h.t, syscall.Kill(d.pid(), syscall.SIGUSR1))
}

func (d *daemon) kill() {
	d.h.story.add("leased is killed")
	_ = d.cmd.Process.Kill()
	<-d.ended
}

// stop ends it in order.
func (d *daemon) stop() {
	d.h.t.Helper()
	d.h.story.add("leased is told to stop")
	must(d.h.t, syscall.Kill(d.pid(), syscall.SIGTERM))
	<-d.ended
}

// fallen waits until it has killed itself.
func (d *daemon) fallen() {
	d.h.t.Helper()
	select {
	case <-d.ended:
	case <-time.After(patience):
		d.h.t.Fatal("leased does not come to its failpoint")
	}
	if s := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !s.Signaled() || s.Signal() != syscall.SIGKILL {
		d.h.t.Fatalf("leased has not ended at its failpoint but %v", d.cmd.ProcessState)
	}
}
