// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Where the LAN's things are; lab/lan has the picture.
const (
	router = "192.0.2.1"
	lease  = 120 // seconds
)

// server starts the LAN's server with other arguments. When the scene ends it is as
// before.
func (s *scene) server(args ...string) {
	s.Helper()
	must(s, "lan", append([]string{"server"}, args...)...)
	s.Cleanup(func() { must(s, "lan", "server") })
}

// noServer stops it. When the scene ends it is there again.
func (s *scene) noServer() {
	s.Helper()
	must(s, "lan", "stop")
	s.Cleanup(func() { must(s, "lan", "server") })
}

func logLines(t testing.TB) []string {
	t.Helper()
	return strings.Split(must(t, "lan", "log"), "\n")
}

// message is one that the server has heard or sent: "ACK 192.0.2.61 web". Its time
// is without a year.
type message struct {
	mac, xid, text string
	at             time.Time
}

var (
	logLine = regexp.MustCompile(`dnsmasq-dhcp\[\d+\]: (\d+) (.*)`)
	logDHCP = regexp.MustCompile(`^DHCP([A-Z]+)\(lan0\) (.*)`)
	macForm = regexp.MustCompile(`^([0-9a-f]{2}:){5}[0-9a-f]{2}$`)
)

// messages is the server's log since the scene began.
func (s *scene) messages() (all []message) {
	s.Helper()
	for _, line := range logLines(s)[s.mark:] {
		l := logLine.FindStringSubmatch(line)
		if l == nil {
			continue
		}
		if m := logDHCP.FindStringSubmatch(l[2]); m != nil {
			msg := message{xid: l[1], text: m[1]}
			msg.at, _ = time.Parse(time.Stamp, line[:len(time.Stamp)])
			for _, word := range strings.Fields(m[2]) {
				if msg.mac == "" && macForm.MatchString(word) {
					msg.mac = word
				} else {
					msg.text += " " + word
				}
			}
			all = append(all, msg)
		}
	}
	return all
}

func (s *scene) of(mac string) (texts []string) {
	s.Helper()
	for _, m := range s.messages() {
		if m.mac == mac {
			texts = append(texts, m.text)
		}
	}
	return texts
}

// says checks the server's log of a MAC: it is what earlier calls have named, then
// these messages, and nothing else.
func (s *scene) says(mac string, messages ...string) {
	s.Helper()
	want := append(s.said[mac], messages...)
	s.said[mac] = want
	var got []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got = s.of(mac); len(got) >= len(want) {
			break
		}
	}
	if !slices.Equal(got, want) {
		s.Errorf("the server's log of %s:\n got %q\nwant %q", mac, got, want)
	}
}

// withRenewals is a log and after it as many renewals as the server's log of a MAC
// has there: at least one, for they keep coming.
func (s *scene) withRenewals(mac, addr, name string, log ...string) []string {
	s.Helper()
	renewal := []string{"REQUEST " + addr, "ACK " + addr + " " + name}
	all := s.of(mac)
	for log = append(log, renewal...); len(all) >= len(log)+2 && slices.Equal(all[len(log):len(log)+2], renewal); {
		log = append(log, renewal...)
	}
	return log
}

// silent checks that since what says has named the server's log has only RELEASEs,
// those of the scene's end.
func (s *scene) silent() {
	s.Helper()
	for mac, said := range s.said {
		got := s.of(mac)
		for _, m := range got[min(len(said), len(got)):] {
			if !strings.HasPrefix(m, "RELEASE ") {
				s.Errorf("the server's log of %s goes on: %q", mac, got[len(said):])
				break
			}
		}
	}
}

// heard waits until the server's log has n messages of a MAC that begin with text.
func (s *scene) heard(mac, text string, n int, within time.Duration) {
	s.Helper()
	eventually(s, within, text+" in the server's log", func() bool { return s.count(mac, text) >= n })
}

func (s *scene) count(mac, text string) (n int) {
	for _, m := range s.of(mac) {
		if strings.HasPrefix(m, text) {
			n++
		}
	}
	return n
}

// dora is a client's way to a lease, in the server's log.
func dora(addr, name string) []string {
	return []string{"DISCOVER", "OFFER " + addr, "REQUEST " + addr, strings.TrimSpace("ACK " + addr + " " + name)}
}

// comesBack is dora of a client that asks for its former address.
func comesBack(addr, name string) []string {
	return append([]string{"DISCOVER " + addr}, dora(addr, name)[1:]...)
}

// back is the way of a client that comes back within the grace: INIT-REBOOT.
func back(addr, name string) []string { return dora(addr, name)[2:] }

// details are the other lines about a MAC's messages.
func (s *scene) details(mac string) string {
	s.Helper()
	xids := map[string]bool{}
	for _, m := range s.messages() {
		xids[m.xid] = xids[m.xid] || m.mac == mac
	}
	var out strings.Builder
	for _, line := range logLines(s)[s.mark:] {
		if l := logLine.FindStringSubmatch(line); l != nil && xids[l[1]] {
			out.WriteString(l[2] + "\n")
		}
	}
	return out.String()
}

// entry is a line of the server's lease table.
type entry struct{ addr, name, clientID string }

// table is the server's lease table, by MAC.
func table(t testing.TB) map[string]entry {
	t.Helper()
	all := map[string]entry{}
	for line := range strings.Lines(must(t, "lan", "leases")) { // expiry MAC address name client-id
		if f := strings.Fields(line); len(f) == 5 {
			all[f[1]] = entry{f[2], f[3], f[4]}
		}
	}
	return all
}
