// SPDX-License-Identifier: Apache-2.0

package main

import "podman-net-dhcp/internal/build"

// apiVersion is netavark's plugin API (src/plugin.rs API_VERSION).
const apiVersion = "1.0.0"

func info() any {
	return struct {
		Version    string `json:"version"`
		APIVersion string `json:"api_version"`
	}{build.Version, apiVersion}
}
