// SPDX-License-Identifier: Apache-2.0

// Package e2e is the end-to-end suite: real Podman, netavark, crun and systemd on
// a LAN with a real dnsmasq, in the machine that lab/run boots. Its tests are
// behind the build tag lab and run in there only; lab/e2e/run does all of it.
//
// A test is a scene: it makes its own networks and containers, compares what
// Podman, the kernel, leased and the server each say, the server's log as an exact
// list, and must leave nothing behind.
package e2e
