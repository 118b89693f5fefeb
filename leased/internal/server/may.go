// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/policy"
	"podman-net-dhcp/leased/internal/request"
)

// allowed asks the policy about a Setup that it decides about, and logs what it refuses.
func (x *session) allowed(s request.Setup) error {
	r, judged := s.Judged()
	if !judged {
		return nil
	}
	_, err := x.judge(r)
	if err != nil {
		at := s.Wanted.Attachment
		x.Log.Warn("the policy refuses a container", "container", at.ContainerName, "net", at.Network, "ifname", at.Interface, "err", err)
	}
	return err
}

func (x *session) judge(r policy.Request) (line string, err error) {
	if x.Judge == nil {
		return "", errors.New("this leased has no policy")
	}
	return x.Judge.Judge(r)
}

func (x *session) may(_ context.Context, call *incoming) error {
	var a leaseapi.MayRequest
	if err := decode(call.Call, &a); err != nil {
		return x.invalid(call.Call, parameter(err))
	}
	r, err := request.ParseMay(a)
	if err != nil {
		return x.refuse(call.Call, err)
	}
	line, err := x.judge(r)
	if err != nil {
		return x.refuse(call.Call, err)
	}
	return x.send(call.Call, "", leaseapi.MayReply{Line: line}, false)
}
