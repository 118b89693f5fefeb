// SPDX-License-Identifier: Apache-2.0

// Package e2e is the end-to-end suite: real Podman, netavark, crun and systemd on a LAN with
// a real dnsmasq, in the machine that lab/run boots. Its tests have the build tag lab and
// run only in that machine; lab/e2e/run does all of it.
//
// A test makes its own networks and containers. It compares the views of Podman, the kernel,
// leased and the server, with the server's log as an exact list. It must leave nothing
// behind.
package e2e
