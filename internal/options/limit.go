// SPDX-License-Identifier: Apache-2.0

package options

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// MaxInPlugin is the longest lease_timeout of a network of Podman. Podman holds its network
// lock while a plugin runs: no other network of the host starts or stops meanwhile.
const MaxInPlugin = 30 * time.Second

// Limited is an option of a container that asks for more than its network allows.
type Limited struct {
	Option string // as the container has it: key=value
	To     string // the value that counts
}

// limit takes back what a container may not ask for: a server or router that its network does
// not allow, and a start that waits longer than its network says. Everybody else's starts and
// stops wait for this start (MaxInPlugin), and on a network of on_timeout=continue none fails
// and comes again.
func (o *Options) limit(network Options) {
	o.limitTime("lease_timeout", &o.LeaseTimeout, network.LeaseTimeout)
	o.limitTime("ipv6_timeout", &o.IPv6Timeout, network.IPv6Timeout)
	o.limitList("server", &o.Servers, network.Servers)
	o.limitList("router", &o.Routers, network.Routers)
	o.limitWord("on_timeout", &o.OnTimeout, "fail", network.OnTimeout)
	o.limitWord("conflict_check", &o.ConflictCheck, "rfc5227", network.ConflictCheck)
}

func (o *Options) limitTime(name string, value *time.Duration, most time.Duration) {
	if *value > most {
		o.Limited = append(o.Limited, Limited{fmt.Sprintf("%s=%s", name, *value), most.String()})
		*value = most
	}
}

func (o *Options) limitList(name string, value *[]netip.Prefix, most []netip.Prefix) {
	beyond := func(p netip.Prefix) bool {
		return !slices.ContainsFunc(most, func(m netip.Prefix) bool { return m.Bits() <= p.Bits() && m.Overlaps(p) })
	}
	if most != nil && (*value == nil || slices.ContainsFunc(*value, beyond)) {
		o.Limited = append(o.Limited, Limited{name + "=" + words(*value), words(most)})
		*value = most
	}
}

func words(all []netip.Prefix) string {
	if all == nil {
		return "all"
	}
	return strings.Trim(fmt.Sprint(all), "[]")
}

// limitWord is for an option of which one word costs more time than the others.
func (o *Options) limitWord(name string, value *string, slow, network string) {
	if *value == slow && network != slow {
		o.Limited = append(o.Limited, Limited{name + "=" + *value, network})
		*value = network
	}
}
