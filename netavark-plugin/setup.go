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

// setup hands the document to leased, whose answer is netavark's as it is.
func setup(netnsPath string, stdin io.Reader) (any, error) {
	// Ctrl-C on podman run reaches the whole process group, and ends us like kill -9:
	// leased undoes what was made when its caller hangs up, the link included.
	document, err := netavark.Document(stdin)
	if err != nil {
		return nil, err
	}
	call := callSetup(netnsPath, document)
	if call == nil {
		return join(netnsPath, document, nil)
	}
	defer call.Close()
	if s := status(call.Reply()); s != nil {
		return s, nil
	}
	if err := call.Err(); err != nil {
		return nil, err
	}
	return join(netnsPath, document, call)
}

// join is setup's other way, for a leased that is absent, old, restarted or slow, and for a
// document that is wrong or too long. begun is the call that was made, or nil.
func join(netnsPath string, document []byte, begun *leaseapi.Pipe) (any, error) {
	exec, err := netavark.ParseExec(document)
	if err != nil {
		return nil, err
	}
	wanted, err := exec.Wanted(netnsPath)
	if err != nil {
		return nil, err
	}
	r := front.Request{Interface: wanted, Begun: begun, Netavark: document}
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
	b, err := json.Marshal(leaseapi.SetupRequest{Netns: netnsPath, Netavark: document}) // which escapes HTML
	return err == nil && len(b) <= maxParameters
}
