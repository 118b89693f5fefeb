// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
	"maps"
	"strconv"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/leased/internal/policy"
)

// Judged returns the request as a policy looks at it, and whether a policy decides about it.
func (s Setup) Judged() (r policy.Request, judged bool) {
	if s.front != leaseapi.FrontHook {
		return policy.Request{}, false
	}
	w := s.Wanted
	return policy.Request{
		Who: policy.Hook, Options: w.Options, ID: w.ContainerID, Name: w.ContainerName,
		Hostname: w.Options.HostnameOption(w.Hostnames...), Networks: s.networks,
	}, true
}

// The keys of May that are not options of net-dhcp(7).
const (
	mayName     = "name"
	mayNetworks = "networks"
)

// ParseMay checks the parameters of a May. It fails with a *RefusedError for what a user has
// typed.
func ParseMay(a leaseapi.MayRequest) (policy.Request, error) {
	if a.Who != leaseapi.FrontHook {
		return policy.Request{}, &RefusedError{fmt.Errorf("%q: leased asks its policy for %s only", a.Who, leaseapi.FrontHook)}
	}
	if err := options.CheckInterfaceName(a.Interface); err != nil {
		return policy.Request{}, &RefusedError{fmt.Errorf("interface %q: %w", a.Interface, err)}
	}
	given := maps.Clone(a.Options)
	r := policy.Request{Who: policy.Hook, Name: given[mayName], Networks: 1}
	var err error
	if n, ok := given[mayNetworks]; ok {
		if r.Networks, err = strconv.Atoi(n); err != nil || r.Networks < 1 {
			return policy.Request{}, &RefusedError{fmt.Errorf("%s=%s: want a number from 1", mayNetworks, n)}
		}
	}
	delete(given, mayName)
	delete(given, mayNetworks)
	if r.Options, err = options.Parse(given, map[string]string{"bridge": a.Interface}); err != nil {
		return policy.Request{}, &RefusedError{err}
	}
	r.Hostname = r.Options.HostnameOption(r.Name)
	return r, nil
}
