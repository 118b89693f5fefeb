// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// value is what the compose file has for a key, in the form that our example is in.
func value(file, key string) string {
	if m := regexp.MustCompile(`(?m)^ +` + key + `: (\S+)$`).FindStringSubmatch(file); m != nil {
		return m[1]
	}
	return ""
}

func labelsOf(file string) map[string]string {
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^ +(io\.leased\.\w+): (\S+)$`).FindAllStringSubmatch(file, -1) {
		all[m[1]] = m[2]
	}
	return all
}

// What compose does with the example. Docker's API, which compose speaks, drops the options of a network whose driver
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
	file := example(s, "compose.yaml")
	labels := labelsOf(file)
	equal(s, "labels of the example", labels, map[string]string{"io.leased.bridge": "br0", "io.leased.release": "1m"})
	labels["io.leased.metric"], labels["io.leased.release"], labels["com.docker.compose.network"] = "7", "now", "lan"
	text, _ := json.Marshal(labels)
	post("networks/create", fmt.Sprintf(`{"Name":%q,"Driver":%q,"Options":{"parent":"nope"},"Labels":%s}`, s.name, value(file, "driver"), text))
	post("containers/create?name="+s.name, fmt.Sprintf(`{"Image":%q,"Cmd":["sleep","1000"],"Hostname":%q,
		"HostConfig":{"NetworkMode":%q},"NetworkingConfig":{"EndpointsConfig":{%q:{}}}}`, image, value(file, "hostname"), s.name, s.name))
	post("containers/"+s.name+"/start", "")
	c := &container{s, s.name}
	e := c.bound(s.name, "eth0")
	c.hasRoutes("default via 192.0.2.1 dev eth0 metric 7")
	s.says(e.MacAddress, dora(e.IPAddress, "web")...)
	post("containers/"+s.name+"/stop?t=0", "")
	s.says(e.MacAddress, "RELEASE "+e.IPAddress)
}
