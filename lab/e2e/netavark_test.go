// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// What netavark's own tests of DHCP show of its proxy, and what they mean to show.

// The server hears the name with each message, and no other name; of a container
// without one it hears none.
func TestNameIsSaidOnce(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	for suffix, want := range map[string]struct {
		options, lines string
	}{
		"a": {":hostname=foobar", "client provides name: foobar client provides name: foobar"},
		"b": {":hostname=none", ""},
		"c": {":hostname=foobar,fqdn=true", "client provides name: foobar client provides name: foobar"},
	} {
		e := s.run(suffix, "--network", n+want.options, "--hostname", "other").bound(n, "eth0")
		var lines []string
		for line := range strings.Lines(s.details(e.MacAddress)) {
			if strings.Contains(line, "provides name") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		equal(s, "what the server hears with "+want.options, strings.Join(lines, " "), want.lines) // DISCOVER and REQUEST
	}
}

// The server's lease table has the container's MAC, and afterwards nothing at all.
func TestTeardownEmptiesTheTable(t *testing.T) {
	s := begin(t)
	must(s, "lan", "forget")
	s.server()
	n := s.bridge()
	c := s.run("", "--network", n)
	e := c.bound(n, "eth0")
	want := map[string]entry{e.MacAddress: {e.IPAddress, c.name, "01:" + e.MacAddress}}
	equal(s, "the table", table(s), want)
	c.remove()
	s.heard(e.MacAddress, "RELEASE", 1, 3*time.Second)
	equal(s, "the table after the end", table(s), map[string]entry{})
}

// What is asked for an interface that there is not, or with a MAC that is none, is
// refused, and costs no message.
func TestAcquireOfWhatIsNotThere(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c := s.run("", "--network", n)
	e := c.bound(n, "eth0")
	there := leases(s)[e.MacAddress]
	for name, want := range map[string]struct {
		change func(call map[string]map[string]any)
		words  string
	}{
		"no interface":      {func(r map[string]map[string]any) { r["attachment"]["interface"] = "" }, "InvalidParameter"},
		"no MAC":            {func(r map[string]map[string]any) { r["link"]["mac"] = "" }, "InvalidParameter"},
		"wrong MAC":         {func(r map[string]map[string]any) { r["link"]["mac"] = "123" }, "InvalidParameter"},
		"another MAC":       {func(r map[string]map[string]any) { r["link"]["mac"] = "02:00:5e:00:00:99" }, "io.leased."},
		"another interface": {func(r map[string]map[string]any) { r["link"]["index"] = 990 }, "io.leased."},
		"no netns":          {func(r map[string]map[string]any) { r["link"]["netns"] = "/run/netns/veth990" }, "io.leased."},
	} {
		var call map[string]map[string]any
		b, _ := json.Marshal(map[string]any{
			"attachment": there.Attachment, "link": there.Link, "client": map[string]any{},
			"policy": map[string]any{"metric": 100, "timeoutMs": 1000, "onTimeout": "fail", "release": "now"},
		})
		if err := json.Unmarshal(b, &call); err != nil {
			s.Fatal(err)
		}
		call["attachment"]["containerId"] = "another"
		want.change(call)
		b, _ = json.Marshal(call)
		if refused(s, try("varlinkctl", "call", socket, "io.leased.Acquire", string(b)), want.words); s.Failed() {
			s.Fatalf("this was: %s", name)
		}
	}
	c.bound(n, "eth0")
	s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
}

// SIGINT and SIGTERM end leased and keep its leases; a socket of its own goes, and
// systemd's stays.
func TestSignals(t *testing.T) {
	for _, signal := range []string{"INT", "TERM"} {
		t.Run(signal, func(t *testing.T) {
			s := begin(t)
			n := s.bridge()
			c := s.run("", "--network", n)
			e := c.bound(n, "eth0")
			pid := leasedPID(s)
			must(s, "systemctl", "kill", "--kill-whom=main", "--signal="+signal, "leased.service")
			waitLeased(s, pid) // systemd starts it again
			contains(s, "the journal", s.journal(), "msg=stopped leases=1")
			equal(s, "the address", c.link("eth0").ipv4(), []string{e.IPAddress + "/24"})
			c.hasRoutes(viaEth0)
			s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
			equal(s, "the attachment", c.bound(n, "eth0"), e) // which asks the next leased
			s.ownSocket(signal)
		})
	}
}

// ownSocket runs a leased with a socket of its own, and ends it.
func (s *scene) ownSocket(signal string) {
	s.Helper()
	const unit = "t-leased"
	dir := s.TempDir()
	path := dir + "/run/leased.sock"
	must(s, "systemd-run", "--quiet", "--collect", "--unit", unit, "--setenv=LEASED_SOCKET="+path, "leased", "serve", "--state-dir", dir+"/leases", "--memory-dir", dir+"/memory")
	s.Cleanup(func() { try("systemctl", "stop", unit) })
	there := func() bool { _, err := os.Lstat(path); return err == nil }
	eventually(s, 5*time.Second, "its socket", there)
	must(s, "systemctl", "kill", "--signal="+signal, unit)
	eventually(s, 5*time.Second, "its end", func() bool { return try("systemctl", "is-active", unit).out != "active" })
	equal(s, "its socket is there", there(), false)
}
