// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unit has the settings of a service that change what its process costs. The benchmark starts
// daemons by itself, and gives leased the settings of its unit.
type unit struct {
	slack       time.Duration // TimerSlackNSec=; 0: the system's default
	environment []string      // Environment=, such as GOGC=50
}

// leasedUnitFile is packaging/systemd/leased.service as make install has put it.
const leasedUnitFile = "/usr/lib/systemd/system/leased.service"

func leasedUnit() (unit, error) {
	text, err := os.ReadFile(leasedUnitFile)
	if err != nil {
		return unit{}, err
	}
	u, err := parseUnit(string(text))
	if err != nil {
		return unit{}, fmt.Errorf("%s: %w", leasedUnitFile, err)
	}
	return u, nil
}

// parseUnit refuses the settings that only systemd could give to a process: without them the
// benchmark would measure another daemon. MemoryMax= is not among them: no daemon here comes
// near it.
func parseUnit(text string) (u unit, err error) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "TimerSlackNSec":
			// For these units systemd's words are Go's.
			if u.slack, err = time.ParseDuration(value); err != nil {
				return u, fmt.Errorf("%s=: %w", key, err)
			}
		case "Environment":
			if strings.ContainsAny(value, `"'\%`) {
				return u, fmt.Errorf("%s=%s: the benchmark knows no quotes", key, value)
			}
			u.environment = append(u.environment, strings.Fields(value)...)
		case "EnvironmentFile", "MemoryHigh", "CPUQuota", "Nice", "CPUSchedulingPolicy":
			return u, fmt.Errorf("the benchmark cannot set %s=", key)
		}
	}
	return u, nil
}

// start starts a process with the unit's timer slack. The process inherits the slack of the
// thread that makes it (PR_SET_TIMERSLACK(2const)); the thread has its own again afterwards.
func (u unit) start(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(u.slack), 0, 0, 0); err != nil { // 0: the default
		return fmt.Errorf("set the timer slack: %w", err)
	}
	err := cmd.Start()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // never fails
	return err
}

// String is the unit's settings for a reader of the figures.
func (u unit) String() string {
	all := u.environment
	if u.slack > 0 {
		all = append([]string{"TimerSlackNSec=" + u.slack.String()}, all...)
	}
	if len(all) == 0 {
		return "none"
	}
	return "`" + strings.Join(all, " ") + "`"
}
