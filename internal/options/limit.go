// SPDX-License-Identifier: Apache-2.0

package options

import (
	"fmt"
	"time"
)

// MaxInPlugin is the longest lease_timeout of a network of Podman. Podman holds its network
// lock while a plugin runs: no other network of the host starts or stops meanwhile.
const MaxInPlugin = 30 * time.Second

// Limited is an option of a container that asks for more time than its network allows.
type Limited struct {
	Option string // as the container has it: key=value
	To     string // the value that counts
}

// limit takes back what a container may not ask for: a start that waits longer than its
// network says. Everybody else's starts and stops wait for this start (MaxInPlugin), and on
// a network of on_timeout=continue none fails and comes again.
func (o *Options) limit(network Options) {
	o.limitTime("lease_timeout", &o.LeaseTimeout, network.LeaseTimeout)
	o.limitTime("ipv6_timeout", &o.IPv6Timeout, network.IPv6Timeout)
	o.limitWord("on_timeout", &o.OnTimeout, "fail", network.OnTimeout)
	o.limitWord("conflict_check", &o.ConflictCheck, "rfc5227", network.ConflictCheck)
}

func (o *Options) limitTime(name string, value *time.Duration, most time.Duration) {
	if *value > most {
		o.Limited = append(o.Limited, Limited{fmt.Sprintf("%s=%s", name, *value), most.String()})
		*value = most
	}
}

// limitWord is for an option of which one word costs more time than the others.
func (o *Options) limitWord(name string, value *string, slow, network string) {
	if *value == slow && network != slow {
		o.Limited = append(o.Limited, Limited{name + "=" + *value, network})
		*value = network
	}
}
