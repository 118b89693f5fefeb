// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Dnsmasq is a running dnsmasq in the router.
type Dnsmasq struct {
	lan    *LAN
	leases string // file
	cmd    *exec.Cmd
	read   chan struct{} // closed when its output has ended

	mu    sync.Mutex
	lines []string
	news  chan struct{} // closed, and another one made, with each line
}

// defaults are the arguments if a test gives none. The ping check is off: it takes 3 s.
var defaults = []string{"--no-ping", "--dhcp-authoritative"}

const defaultRange = "--dhcp-range=192.0.2.100,192.0.2.199,255.255.255.0,1h"

func isRange(arg string) bool { return strings.HasPrefix(arg, "--dhcp-range=") }

// Dnsmasq starts dnsmasq in the router. Without other arguments it has --no-ping and
// --dhcp-authoritative; without another range it has 192.0.2.100–199. The server is
// ready when Dnsmasq returns, and ends with the test.
func (l *LAN) Dnsmasq(args ...string) *Dnsmasq {
	l.t.Helper()
	if _, err := exec.LookPath("dnsmasq"); err != nil {
		if os.Getenv("CI") == "" {
			l.t.Skip("needs dnsmasq (Debian: dnsmasq-base)")
		}
		l.t.Fatal(err)
	}
	d := &Dnsmasq{lan: l, leases: filepath.Join(l.dir, "leases"), news: make(chan struct{})}
	d.start(args)
	l.t.Cleanup(func() {
		d.Stop()
		if l.t.Failed() {
			l.t.Logf("dnsmasq:\n%s", strings.Join(d.lines, "\n"))
		}
	})
	return d
}

func (d *Dnsmasq) start(args []string) {
	d.lan.t.Helper()
	if len(args) == 0 {
		args = defaults
	}
	if !slices.ContainsFunc(args, isRange) {
		args = append(args[:len(args):len(args)], defaultRange)
	}
	base := []string{
		"--no-daemon", "--conf-file=/dev/null", "--user=root", "--group=root", "--port=0",
		"--interface=" + RouterLink, "--bind-interfaces", "--dhcp-leasefile=" + d.leases, "--pid-file=",
	}
	r, w, err := os.Pipe()
	must(d.lan.t, err)
	d.cmd = exec.Command("dnsmasq", append(base, args...)...)
	d.cmd.Stderr, d.read = w, make(chan struct{})
	go d.follow(r, d.read)
	seen := len(d.Output())
	d.lan.Router.Start(d.cmd)
	w.Close()
	ready := "sockets bound exclusively"
	if !slices.ContainsFunc(args, func(a string) bool { return isRange(a) && !strings.Contains(a, "ra-only") }) {
		ready = "router advertisement enabled" // it has no other sockets
	}
	if slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--interface=") }) {
		ready = "DHCP, IP range" // sockets on several interfaces are not bound exclusively
	}
	d.wait(d.lan.t, ready, func() []string { return d.Output()[seen:] }, func(all []string) int {
		return 1 + slices.IndexFunc(all, func(s string) bool { return strings.Contains(s, ready) })
	})
}

func (d *Dnsmasq) follow(r io.ReadCloser, done chan struct{}) {
	defer close(done)
	defer r.Close()
	for s := bufio.NewScanner(r); s.Scan(); {
		d.mu.Lock()
		d.lines = append(d.lines, s.Text())
		close(d.news)
		d.news = make(chan struct{})
		d.mu.Unlock()
	}
}

// Stop kills the server; its leases file stays.
func (d *Dnsmasq) Stop() {
	if d.cmd == nil {
		return
	}
	d.cmd.Process.Kill()
	d.cmd.Wait()
	<-d.read
	d.cmd = nil
}

// Restart starts the server with other arguments; it keeps its leases.
func (d *Dnsmasq) Restart(args ...string) {
	d.lan.t.Helper()
	d.Stop()
	d.start(args)
}

// Output returns all of the server's output, line by line.
func (d *Dnsmasq) Output() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

var message = regexp.MustCompile(`\b(DHCP[A-Z]+)\([^)]*\) (.*)`)

// Log returns the messages that the server received and sent, as "DHCPDISCOVER
// 02:00:00:00:00:01", "DHCPACK 192.0.2.101 02:00:00:00:00:01 name".
func (d *Dnsmasq) Log() (events []string) {
	for _, line := range d.Output() {
		if m := message.FindStringSubmatch(line); m != nil {
			events = append(events, m[1]+" "+strings.TrimSpace(m[2]))
		}
	}
	return events
}

// WaitLog waits up to 10 s for an event that contains text, and returns the Log up to
// that event. The server logs before it sends, but its log lines take some time to
// arrive here.
func (d *Dnsmasq) WaitLog(t testing.TB, text string) []string {
	t.Helper()
	return d.wait(t, text, d.Log, func(all []string) int {
		return 1 + slices.IndexFunc(all, func(s string) bool { return strings.Contains(s, text) })
	})
}

// WaitEvents waits for the n-th event, and returns the Log up to there.
func (d *Dnsmasq) WaitEvents(t testing.TB, n int) []string {
	t.Helper()
	return d.wait(t, fmt.Sprint(n, " events"), d.Log, func(all []string) int {
		if len(all) < n {
			return 0
		}
		return n
	})
}

// wait returns the list up to the position that enough returns; 0 means not yet.
func (d *Dnsmasq) wait(t testing.TB, what string, list func() []string, enough func([]string) int) []string {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		d.mu.Lock()
		news := d.news
		d.mu.Unlock()
		all := list()
		if n := enough(all); n > 0 {
			return all[:n]
		}
		select {
		case <-news:
		case <-late:
			t.Fatalf("dnsmasq does not say %s, but:\n%s", what, strings.Join(d.Output(), "\n"))
		}
	}
}

// Leases returns the server's own list: from MAC to address.
func (d *Dnsmasq) Leases() map[string]string {
	d.lan.t.Helper()
	leases := map[string]string{}
	text, err := os.ReadFile(d.leases)
	must(d.lan.t, err)
	for line := range strings.Lines(string(text)) { // expiry MAC address name client-id
		if f := strings.Fields(line); len(f) >= 3 {
			leases[f[1]] = f[2]
		}
	}
	return leases
}
