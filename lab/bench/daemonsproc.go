// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/bench/report"
)

// inspect reads from /proc what a process has.
func inspect(pid int, d *report.Daemon) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		switch f[0] {
		case "VmRSS:":
			d.RSS, err = strconv.Atoi(f[1])
		case "Threads:":
			d.Threads, err = strconv.Atoi(f[1])
		}
		if err != nil {
			return err
		}
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	d.Descriptors = len(fds)
	return err
}

// cpuTime is the CPU time of a process, of its threads that have ended, too, to the
// nanosecond: /proc/PID/stat has it in ticks of 10 ms.
func cpuTime(pid int) (time.Duration, error) {
	// CPUCLOCK_SCHED of the process, see clock_getcpuclockid(3).
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|2, &ts); err != nil {
		return 0, fmt.Errorf("read the CPU clock of a process: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}

// cpuOver is the CPU time, in ms, that a process takes for as long.
func cpuOver(pid int, d time.Duration) (float64, error) {
	before, err := cpuTime(pid)
	if err != nil {
		return 0, err
	}
	time.Sleep(d)
	after, err := cpuTime(pid)
	return ms(after - before), err
}

// listener is the process that listens on a unix socket.
func listener(path string) (int, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	f, err := conn.(*net.UnixConn).File()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	cred, err := unix.GetsockoptUcred(int(f.Fd()), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, fmt.Errorf("ask who listens on %s: %w", path, err)
	}
	return int(cred.Pid), nil
}

// say tells those who wait how far it is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
