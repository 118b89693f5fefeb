// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// arp is an ARP request as tcpdump has it.
type arp struct {
	at         float64 // seconds
	mac        string
	who, tells string
}

// asks is what has been asked by ARP so far.
type asks struct {
	mu  sync.Mutex
	all []arp
}

var asked = regexp.MustCompile(`^([0-9.]+) ([0-9a-f:]{17}) > ff:ff:ff:ff:ff:ff, .*: Request who-has ([0-9.]+)(?: \(\S+\))? tell ([0-9.]+)`)

func (a *asks) line(text string) {
	m := asked.FindStringSubmatch(text)
	if m == nil {
		return
	}
	at, _ := strconv.ParseFloat(m[1], 64)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, arp{at, m[2], m[3], m[4]})
}

// of are a MAC's: those that ask who has an address and tell nobody's, which are
// probes, and those that tell the same one, which are announcements (RFC 5227 §1.1).
func (a *asks) of(mac, addr string) (probes, announcements []arp) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range a.all {
		switch {
		case x.mac != mac || x.who != addr:
		case x.tells == "0.0.0.0":
			probes = append(probes, x)
		case x.tells == addr:
			announcements = append(announcements, x)
		}
	}
	return probes, announcements
}

// The LAN is asked about an address before it is used, and told of it twice, so that
// nobody goes on with the MAC that it had before (RFC 5227 §2.3).
func TestAnnounce(t *testing.T) {
	s := begin(t)
	seen := &asks{}
	s.dumpOf("arp", seen.line)
	for c, e := range s.pair() {
		eventually(s, 5*time.Second, "two announcements", func() bool {
			_, told := seen.of(e.MacAddress, e.IPAddress)
			return len(told) == 2
		})
		probes, told := seen.of(e.MacAddress, e.IPAddress)
		equal(s, "probes", len(probes), 1)
		if apart := told[1].at - told[0].at; apart < 1.9 || apart > 3 {
			s.Errorf("%v: %v s between them", c, apart)
		}
		if len(probes) > 0 && probes[0].at > told[0].at {
			s.Errorf("%v: the probe comes after the announcement", c)
		}
	}
}
