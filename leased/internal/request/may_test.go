// SPDX-License-Identifier: Apache-2.0

package request

import (
	"errors"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/policy"
)

// A policy decides about what the hook says, and about nobody else.
func TestWhatAPolicyJudges(t *testing.T) {
	t.Parallel()
	a := aSetup()
	for _, a := range []leaseapi.SetupRequest{a, {Netns: a.Netns, Netavark: []byte(document)}} {
		if s, err := ParseSetup(a); err != nil {
			t.Error(err)
		} else if _, judged := s.Judged(); judged {
			t.Errorf("a policy judges %+v", a)
		}
	}
	a.Front, a.Networks = "hook", 3
	s, err := ParseSetup(a)
	if err != nil {
		t.Fatal(err)
	}
	r, judged := s.Judged()
	if !judged || r.Who != policy.Hook || r.Options.Host() != s.Wanted.Options.Host() || r.Networks != 3 ||
		r.ID != a.Attachment.ContainerID || r.Name != a.Attachment.ContainerName || r.Hostname != "web-1" {
		t.Errorf("%v, %+v", judged, r)
	}
}

func TestSetupOfAnUnknownFront(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(a *leaseapi.SetupRequest){
		"front":    func(a *leaseapi.SetupRequest) { a.Front = "root" },
		"networks": func(a *leaseapi.SetupRequest) { a.Networks = -1 },
		"front of netavark": func(a *leaseapi.SetupRequest) {
			*a = leaseapi.SetupRequest{Netns: a.Netns, Netavark: []byte(document), Front: "hook"}
		},
	} {
		a := aSetup()
		change(&a)
		var invalid *InvalidError
		if _, err := ParseSetup(a); !errors.As(err, &invalid) || !strings.HasPrefix(want, invalid.Parameter) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestParseMay(t *testing.T) {
	t.Parallel()
	r, err := ParseMay(leaseapi.MayRequest{Who: "hook", Interface: "br0", Options: map[string]string{"mac": "random", "name": "web_1", "networks": "2"}})
	if err != nil || r.Who != policy.Hook || r.Options.Host() != "br0" || r.Options.MACFrom != "random" || r.Name != "web_1" || r.Hostname != "web-1" || r.Networks != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := ParseMay(leaseapi.MayRequest{Who: "hook", Interface: "br0"}); err != nil || r.Networks != 1 || r.Name+r.Hostname != "" {
		t.Errorf("%+v, %v", r, err)
	}
	for want, a := range map[string]leaseapi.MayRequest{
		`"alice": leased asks its policy for hook only`:     {Who: "alice", Interface: "br0"},
		`interface "a/b": an interface name cannot contain`: {Who: "hook", Interface: "a/b"},
		"networks=0: want a number from 1":                  {Who: "hook", Interface: "br0", Options: map[string]string{"networks": "0"}},
		"unknown option colour=red":                         {Who: "hook", Interface: "br0", Options: map[string]string{"colour": "red"}},
		"exclude each other":                                {Who: "hook", Interface: "br0", Options: map[string]string{"parent": "eth0"}},
	} {
		var refused *RefusedError
		if _, err := ParseMay(a); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %s", a, err, want)
		}
	}
}
