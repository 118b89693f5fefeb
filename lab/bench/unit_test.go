// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// leased's own unit is one that the benchmark can do without systemd.
func TestLeasedUnit(t *testing.T) {
	text, err := os.ReadFile("../../packaging/systemd/leased.service")
	if err != nil {
		t.Fatal(err)
	}
	u, err := parseUnit(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if has := strings.Contains(string(text), "\nTimerSlackNSec="); has != (u.slack > 0) {
		t.Errorf("the slack is %v", u.slack)
	}
}

func TestParseUnit(t *testing.T) {
	u, err := parseUnit("[Service]\n# Environment=NOT=this\nTimerSlackNSec=1ms\nEnvironment=GOGC=50 GODEBUG=a=1\nEnvironment=X=\n")
	if err != nil || u.slack != time.Millisecond || !slices.Equal(u.environment, []string{"GOGC=50", "GODEBUG=a=1", "X="}) {
		t.Errorf("%+v, %v", u, err)
	}
	if got := u.String(); got != "`TimerSlackNSec=1ms GOGC=50 GODEBUG=a=1 X=`" {
		t.Errorf("in words: %s", got)
	}
	for _, text := range []string{"TimerSlackNSec=soon", `Environment="A=b c"`, "MemoryHigh=20M", "EnvironmentFile=/etc/default/leased"} {
		if u, err := parseUnit(text); err == nil {
			t.Errorf("%q is %+v", text, u)
		}
	}
}

// The process has the slack, and the next process has not.
func TestUnitStart(t *testing.T) {
	slack := func(u unit) string {
		t.Helper()
		var out bytes.Buffer
		cmd := exec.Command("cat", "/proc/self/timerslack_ns")
		cmd.Stdout = &out
		if err := u.start(cmd); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out.String())
	}
	before := slack(unit{})
	if got := slack(unit{slack: 3 * time.Millisecond}); got != "3000000" {
		t.Errorf("the slack is %s ns", got)
	}
	if got := slack(unit{}); got != before || got == "3000000" {
		t.Errorf("the slack of the next process is %s ns, and was %s", got, before)
	}
}
