// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Docker's API, which compose speaks, drops the options of a network whose driver
// Podman does not know, and keeps its labels.
func TestCompose(t *testing.T) {
	s := begin(t)
	must(s, "systemctl", "start", "podman.socket")
	s.Cleanup(func() { must(s, "systemctl", "stop", "podman.socket", "podman.service") })
	podman := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", "/run/podman/podman.sock")
		},
	}}
	post := func(path, body string) {
		r, err := podman.Post("http://d/v1.41/"+path, "application/json", strings.NewReader(body))
		if err != nil {
			s.Fatal(err)
		}
		defer r.Body.Close()
		if answer, _ := io.ReadAll(r.Body); r.StatusCode >= 300 {
			s.Fatalf("POST %s: %s %s", path, r.Status, answer)
		}
	}
	post("networks/create", fmt.Sprintf(`{"Name":%q,"Driver":"net-dhcp","Options":{"parent":"nope"},
		"Labels":{"io.leased.bridge":"br0","io.leased.metric":"7","io.leased.release":"now","com.docker.compose.network":"lan"}}`, s.name))
	post("containers/create?name="+s.name, fmt.Sprintf(`{"Image":%q,"Cmd":["sleep","1000"],"Hostname":"web",
		"HostConfig":{"NetworkMode":%q},"NetworkingConfig":{"EndpointsConfig":{%q:{}}}}`, image, s.name, s.name))
	post("containers/"+s.name+"/start", "")
	c := &container{s, s.name}
	e := c.bound(s.name, "eth0")
	c.hasRoutes("default via 192.0.2.1 dev eth0 metric 7")
	s.says(e.MacAddress, dora(e.IPAddress, "web")...)
	post("containers/"+s.name+"/stop?t=0", "")
	s.says(e.MacAddress, "RELEASE "+e.IPAddress)
}
