// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"log/slog"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/policy"
)

// judge decides by the policy on disk, and by what the host's interface is for.
type judge struct {
	files *policy.Files
	log   *slog.Logger
	host  *netns.NS // where the host's interfaces are; nil: here
}

func newJudge(dir string, log *slog.Logger) judge {
	return judge{&policy.Files{Dir: dir}, log, nil}
}

// Judge returns where the line is that allows the request.
func (j judge) Judge(r policy.Request) (line string, err error) {
	p, changed := j.files.Load()
	if changed {
		for _, err := range p.Bad {
			j.log.Warn("a file of the policy allows nothing", "err", err)
		}
	}
	if r.Names, err = j.names(r.Options.Host()); err != nil {
		return "", err
	}
	l, err := p.Judge(r)
	if err == nil {
		err = policy.Usual.Check(r.Options.Host())
	}
	if err == nil && len(r.Names) > 0 { // a bridge of Podman's under an alternative name is one
		err = policy.Usual.Check(r.Names[0])
	}
	if err == nil && r.Passthru() {
		err = j.unused(r.Options.Host(), r.Options.VLAN)
	}
	return l.String(), err
}

// names are those of the host's interface. An interface that is not there is refused later.
func (j judge) names(name string) ([]string, error) {
	host, err := attach.OpenHost(j.host)
	if err != nil {
		return nil, err
	}
	defer host.Close()
	names, err := host.Names(name)
	if err != nil {
		return nil, fmt.Errorf("find the names of %s: %w", name, err)
	}
	return names, nil
}

// unused refuses to take an interface away from the host that the host uses. A bridge is not
// taken away: a container becomes its port, whatever mode says.
func (j judge) unused(name string, vlan int) error {
	host, err := attach.OpenHost(j.host)
	if err != nil {
		return err
	}
	defer host.Close()
	i, err := host.FindVLAN(name, vlan)
	if err != nil || i.Bridge() {
		return err
	}
	i, may := i.Below(vlan)
	if !may {
		return nil
	}
	name = i.Name()
	use, err := host.Uses(i)
	if err != nil {
		return fmt.Errorf("find out for what the host uses %s: %w", name, err)
	}
	if use != "" {
		return fmt.Errorf("mode=passthru takes %s away from the host, but %s; no policy allows this; name another NIC, or another mode; see leased-policy(5)", name, use)
	}
	return nil
}
