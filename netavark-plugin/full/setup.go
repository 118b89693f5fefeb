// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"io"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netavark"
)

// setup calls Setup, or waits for the call that has begun. With an old leased it makes the link
// itself. Ctrl-C on podman run reaches the whole process group, and ends this program like kill -9:
// leased undoes what was made when its caller hangs up, the link included.
func setup(netnsPath string, h handed, stdin io.Reader) (any, error) {
	if h.call != nil {
		defer h.call.Close()
	}
	document, err := netavark.Document(stdin)
	if err != nil {
		return nil, err
	}
	exec, err := netavark.ParseExec(document)
	if err != nil {
		return nil, err
	}
	wanted, err := exec.Wanted(netnsPath)
	if err != nil {
		return nil, err
	}
	r := front.Request{Interface: wanted, Begun: h.call, Netavark: document}
	if !fitsMessage(netnsPath, document) {
		if r.Netavark, err = exec.Reduced(); err != nil {
			return nil, err
		}
	}
	joined, err := front.Join(context.Background(), r)
	if err != nil {
		return nil, err
	}
	if joined.Status != nil {
		return joined.Status, nil
	}
	return netavark.Status(wanted, joined.MAC, joined.Lease), nil
}

// fitsMessage reports whether leased takes a Setup with this document.
func fitsMessage(netnsPath string, document []byte) bool {
	const around = 100                                                                  // bytes of a message are more than enough for what stands around the parameters
	b, err := json.Marshal(leaseapi.SetupRequest{Netns: netnsPath, Netavark: document}) // which escapes HTML
	return err == nil && len(b)+around <= leaseapi.MaxFrame
}
