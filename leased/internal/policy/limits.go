// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"podman-net-dhcp/internal/options"
)

// limits are the LIMITS of a line.
type limits struct {
	modes      []string // of a macvlan
	vlans      []int    // of a bridge
	noGuard    bool     // guard=off, too
	macs       macs
	clientIDs  words
	hostnames  words
	requestIPs addresses
	release    time.Duration // the longest
	never      bool          // release=never, too
	timeout    time.Duration // the longest lease_timeout and ipv6_timeout
	networks   int
}

// usual is what a line allows that says nothing else.
func usual() limits {
	return limits{
		modes: []string{"bridge", "private", "vepa"}, release: 20 * time.Second, timeout: 10 * time.Second, networks: 1,
	}
}

// every is the value that allows every value.
const every = "any"

// limit is one limit: how its value is read, and which of a request's wishes a line would have
// to allow (its value; empty: this limit has nothing against it).
type limit struct {
	name  string
	parse func(l *limits, value string) error
	lacks func(l limits, r Request) string
}

var all = []limit{
	{"mode", parseModes, lacksMode},
	{"vlan", parseVLANs, lacksVLAN},
	{"guard", parseGuard, lacksGuard},
	{"mac", func(l *limits, v string) error { return l.macs.parse(v) }, func(l limits, r Request) string { return l.macs.lacks(r.Options) }},
	{"client_id", func(l *limits, v string) error { return l.clientIDs.parse(v) }, lacksClientID},
	{"hostname", func(l *limits, v string) error { return l.hostnames.parse(v) }, lacksHostname},
	{"request_ip", func(l *limits, v string) error { return l.requestIPs.parse(v) }, func(l limits, r Request) string { return l.requestIPs.lacks(r.Options) }},
	{"release", parseRelease, lacksRelease},
	{"lease_timeout", parseTimeout, lacksTimeout},
	{"networks", parseNetworks, lacksNetworks},
}

// names are those of all limits, for messages.
func names() string {
	var n []string
	for _, l := range all {
		n = append(n, l.name)
	}
	return strings.Join(n, ", ")
}

func (l *limits) set(name, value string) error {
	for _, known := range all {
		if known.name != name {
			continue
		}
		if err := known.parse(l, value); err != nil {
			return fmt.Errorf("%s=%s: %w", name, value, err)
		}
		return nil
	}
	return fmt.Errorf("unknown limit %s; allowed: %s", name, names())
}

// lacks is what a request wants beyond l: limits as a line would spell them.
func (l limits) lacks(r Request) (wanted []string) {
	for _, known := range all {
		if value := known.lacks(l, r); value != "" {
			wanted = append(wanted, known.name+"="+value)
		}
	}
	return wanted
}

func parseModes(l *limits, value string) error {
	l.modes = strings.Split(value, ",")
	for _, mode := range l.modes {
		if !slices.Contains([]string{"bridge", "private", "vepa", passthru}, mode) {
			return errors.New("want bridge, private, vepa or passthru, or several with commas")
		}
	}
	return nil
}

const passthru = "passthru"

func lacksMode(l limits, r Request) string {
	if slices.Contains(l.modes, r.Options.Mode) {
		return ""
	}
	return r.Options.Mode
}

func parseVLANs(l *limits, value string) error {
	for number := range strings.SplitSeq(value, ",") {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 4094 {
			return errors.New("want VLANs from 1 to 4094, with commas")
		}
		l.vlans = append(l.vlans, n)
	}
	return nil
}

func lacksVLAN(l limits, r Request) string {
	if n := r.Options.VLAN; n != 0 && !slices.Contains(l.vlans, n) {
		return strconv.Itoa(n)
	}
	return ""
}

func parseGuard(l *limits, value string) error {
	if l.noGuard = value == "off"; !l.noGuard {
		return errors.New("want off; a port is guarded without it")
	}
	return nil
}

func lacksGuard(l limits, r Request) string {
	if r.Options.Guard || l.noGuard {
		return ""
	}
	return "off"
}

func parseRelease(l *limits, value string) (err error) {
	if l.release, l.never, err = options.Grace(value); err != nil {
		return errors.New("want a time from 1s to 24h, now or never")
	}
	return nil
}

func lacksRelease(l limits, r Request) string {
	grace, never, err := options.Grace(r.Options.Release)
	if l.never || err == nil && !never && grace <= l.release {
		return ""
	}
	return r.Options.Release
}

func parseTimeout(l *limits, value string) (err error) {
	if l.timeout, err = time.ParseDuration(value); err != nil || l.timeout < time.Second || l.timeout > 10*time.Minute {
		return errors.New("want a time from 1s to 10m")
	}
	return nil
}

func lacksTimeout(l limits, r Request) string {
	longest := max(r.Options.LeaseTimeout, r.Options.IPv6Timeout)
	if longest <= l.timeout {
		return ""
	}
	return longest.String()
}

// MaxNetworks is the most that a line can allow a container: the hook's.
const MaxNetworks = 16

func parseNetworks(l *limits, value string) (err error) {
	if l.networks, err = strconv.Atoi(value); err != nil || l.networks < 1 || l.networks > MaxNetworks {
		return fmt.Errorf("want a number from 1 to %d", MaxNetworks)
	}
	return nil
}

func lacksNetworks(l limits, r Request) string {
	if r.Networks <= l.networks {
		return ""
	}
	return strconv.Itoa(r.Networks)
}
