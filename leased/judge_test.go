// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/request"
)

// judged is what a policy says of who=hook on an interface.
func judged(t *testing.T, j judge, host string, options map[string]string) string {
	t.Helper()
	r, err := request.ParseMay(leaseapi.MayRequest{Who: "hook", Interface: host, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	line, err := j.Judge(r)
	if err != nil {
		return err.Error()
	}
	return line
}

// An interface is itself under each of its names, and so is a bridge of Podman's.
func TestJudgeKnowsAlternativeNames(t *testing.T) {
	host := testlan.New(t).Host
	host.Run("ip", "link", "add", "podman9", "type", "bridge")
	for link, name := range map[string]string{testlan.HostBridge: "the-lan", "podman9": "the-other"} {
		host.Run("ip", "link", "property", "add", "dev", link, "altname", name)
	}
	dir := t.TempDir()
	write := func(lines string) {
		if err := os.WriteFile(filepath.Join(dir, "policy.conf"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ line, host, want string }{
		{"hook bridge=" + testlan.HostBridge, "the-lan", dir + "/policy.conf:1"},
		{"hook bridge=the-lan", testlan.HostBridge, dir + "/policy.conf:1"},
		{"hook bridge=the-lan", "podman9", "the policy does not allow hook on podman9"},
		{"hook bridge=the-other", "the-other", "podman9 is a bridge of Podman, which no policy opens to the hook"},
		{"hook bridge=the-other", "podman9", "podman9 is a bridge of Podman, which no policy opens to the hook"},
		{"hook bridge=none", "none", dir + "/policy.conf:1"}, // which is refused for another reason
	} {
		write(c.line)
		j := newJudge(dir, slog.New(slog.DiscardHandler))
		j.host = host.Open()
		if got := judged(t, j, c.host, nil); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s, %s: %s; want %s", c.line, c.host, got, c.want)
		}
	}
}

// What no policy opens stays closed, though a line names it. Each error of a file is logged once.
func TestJudge(t *testing.T) {
	testlan.RequireRoot(t)
	dir := t.TempDir()
	lines := "hook bridge=br0\nhook bridge=podman1 mac=any\nhook parent=lo mode=passthru\n"
	for path, text := range map[string]string{"policy.conf": lines, "policy.d/x.conf": "hook"} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	j := newJudge(dir, slog.New(slog.NewTextHandler(&log, nil)))
	for _, c := range []struct{ host, mode, want string }{
		{"br0", "bridge", dir + "/policy.conf:1"},
		{"br1", "bridge", "the policy does not allow hook on br1"},
		{"podman1", "bridge", "podman1 is a bridge of Podman, which no policy opens to the hook"},
		{"lo", "passthru", "lo is not an Ethernet interface"},
	} {
		if got := judged(t, j, c.host, map[string]string{"mode": c.mode}); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s; want %s", c.host, got, c.want)
		}
	}
	if n := strings.Count(log.String(), "a file of the policy allows nothing"); n != 1 || !strings.Contains(log.String(), "/policy.d/x.conf:1: ") {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}
