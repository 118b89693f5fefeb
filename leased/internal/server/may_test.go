// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/policy"
	"podman-net-dhcp/leased/internal/request"
)

// bouncer lets only requests for br0 pass.
type bouncer struct{}

func (bouncer) Judge(r policy.Request) (string, error) {
	if r.Options.Host() != "br0" {
		return "", errors.New("not on " + r.Options.Host())
	}
	return "/etc/leased/policy.conf:7", nil
}

// hookCall is a call of Setup by the hook.
var hookCall = strings.Replace(setupCall, `"options":`, `"front":"hook","networks":2,"options":`, 1)

// What the policy refuses never comes to the manager.
func TestSetupByAPolicy(t *testing.T) {
	t.Parallel()
	l := &leases{judge: bouncer{}, setup: func(_ context.Context, s request.Setup, _ *os.File) (*leaseapi.Lease, error) {
		if host := s.Wanted.Options.Host(); host != "br0" {
			t.Errorf("Setup was called for %s", host)
		}
		return nil, nil
	}}
	peer := start(t, l, limits{}).dial()
	peer.sayWith(hookCall, 1)
	peer.want(`{"parameters":{"mac":"02:00:00:00:00:01"}}`)
	peer.sayWith(strings.Replace(hookCall, "br0", "podman1", 1), 1)
	peer.want(`{"parameters":{"message":"not on podman1"},"error":"io.leased.Refused"}`)
	// The next call is answered, and root itself is not judged.
	peer.sayWith(netavarkCall, 1)
	peer.want(`{"parameters":{"status":{"interfaces":{"eth0":{"mac_address":"02:00:00:00:00:01"}}}}}`)
}

func TestSetupWithoutAPolicy(t *testing.T) {
	t.Parallel()
	l := &leases{setup: func(context.Context, request.Setup, *os.File) (*leaseapi.Lease, error) {
		t.Error("Setup was called")
		return nil, nil
	}}
	peer := start(t, l, limits{}).dial()
	peer.sayWith(hookCall, 1)
	peer.want(`{"parameters":{"message":"this leased has no policy"},"error":"io.leased.Refused"}`)
}

func TestMay(t *testing.T) {
	t.Parallel()
	peer := start(t, &leases{judge: bouncer{}}, limits{}).dial()
	for call, answer := range map[string]string{
		`{"who":"hook","interface":"br0","options":{"mac":"random"}}`: `{"parameters":{"line":"/etc/leased/policy.conf:7"}}`,
		`{"who":"hook","interface":"br1"}`:                            `{"parameters":{"message":"not on br1"},"error":"io.leased.Refused"}`,
		`{"who":"hook","interface":"a/b"}`:                            `{"parameters":{"message":"interface \"a/b\": an interface name cannot contain a slash, a colon or white space"},"error":"io.leased.Refused"}`,
		`{"who":"hook","interface":7}`:                                `{"parameters":{"parameter":"interface"},"error":"org.varlink.service.InvalidParameter"}`,
	} {
		peer.say(`{"method":"io.leased.May","parameters":` + call + `}`)
		peer.want(answer)
	}
}
